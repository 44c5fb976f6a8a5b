import { useEffect, useRef, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { LiveRegion } from '../ui/announce.js';
import { words } from '../words.js';
import { Header } from './header.js';
import css from './shell.module.css';

/** What stands around every page. */
export function Shell({ children, tray }: { readonly children: ReactNode; readonly tray: ReactNode }) {
  const main = useRef<HTMLElement>(null);
  const [path] = useLocation();
  const shown = useRef(path);

  // A change of page begins at its top, for the eye and for a screen reader.
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <>
      <a
        className={css.skip}
        // Not `#content` alone: that would be relative to `<base>`.
        href={`${location.pathname}${location.search}#content`}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {words.skipToContent}
      </a>
      <Header />
      <main ref={main} id="content" tabIndex={-1} className={css.main}>
        {children}
      </main>
      {tray}
      <LiveRegion />
    </>
  );
}
