import { useEffect } from 'react';
import { words } from '../words.js';

/** Names the page in the tab and in the history. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title === undefined ? words.product : `${title} · ${words.product}`;
  }, [title]);
}
