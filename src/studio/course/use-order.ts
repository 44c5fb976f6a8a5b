import { useRef, useState } from 'react';

export interface Order {
  /** The ids as they are to be shown: in the order that the person wants, before the server has answered. */
  readonly ids: readonly string[];
  readonly change: (ids: readonly string[]) => void;
  /** Why the last change was not kept. */
  readonly error: unknown;
}

/**
 * An order that changes at once and is saved behind. One save runs at a time: what was moved meanwhile goes with the
 * next one. When a save fails, the order of the server is shown again.
 */
export function useOrder(
  present: readonly string[],
  save: (ids: readonly string[]) => Promise<unknown>,
  onFailure: () => Promise<unknown>,
): Order {
  const [wanted, setWanted] = useState<readonly string[] | null>(null);
  const [error, setError] = useState<unknown>();
  const next = useRef<readonly string[] | null>(null);
  const isSaving = useRef(false);

  const run = async (): Promise<void> => {
    if (isSaving.current) return;
    isSaving.current = true;
    try {
      while (next.current !== null) {
        const ids = next.current;
        next.current = null;
        await save(ids);
      }
    } catch (thrown) {
      next.current = null;
      setError(thrown);
      await onFailure().catch(() => undefined);
    } finally {
      isSaving.current = false;
      setWanted(null);
    }
  };

  return {
    ids: wanted === null ? present : inOrder(present, wanted),
    change: (ids) => {
      setError(undefined);
      setWanted(ids);
      next.current = ids;
      void run();
    },
    error,
  };
}

/** The members of a list, in an order that may lack some of them: those come last. */
function inOrder(present: readonly string[], wanted: readonly string[]): readonly string[] {
  const rank = new Map(wanted.map((id, index) => [id, index]));
  return [...present].sort((a, b) => (rank.get(a) ?? Infinity) - (rank.get(b) ?? Infinity) || 0);
}
