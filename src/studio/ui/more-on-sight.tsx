import { useEffect, useRef } from 'react';
import { Button } from './button.js';
import css from './more-on-sight.module.css';

interface MoreOnSightProps {
  readonly label: string;
  readonly loading: boolean;
  readonly onMore: () => void;
}

/** How far below the window the end of the list may be when the next page is asked for. */
const AHEAD = '600px';

/** At the end of a list: asks for the next page when it comes into sight, or when it is pressed. */
export function MoreOnSight({ label, loading, onMore }: MoreOnSightProps) {
  const element = useRef<HTMLDivElement>(null);
  const ask = useRef(onMore);
  useEffect(() => {
    ask.current = onMore;
  });
  useEffect(() => {
    if (loading || !element.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) ask.current();
      },
      { rootMargin: AHEAD },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [loading]);
  return (
    <div ref={element} className={css.more}>
      <Button disabled={loading} onClick={onMore}>
        {label}
      </Button>
    </div>
  );
}
