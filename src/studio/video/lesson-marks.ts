import { useSyncExternalStore } from 'react';

const KEY = 'lectern.lessons';
/** A lesson counts as watched from this share of its length on. */
const DONE_FROM = 0.95;
/** Marks of so many lessons are kept; the oldest are forgotten first. */
const MAX_LESSONS = 1_000;

/** Where a lesson was left, in seconds, and whether it was watched to its end. */
interface Mark {
  readonly at: number;
  readonly done: boolean;
}

type Marks = Readonly<Record<string, Mark>>;

/** What was watched on this device, in localStorage. */
class LessonMarks {
  #marks: Marks = read();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Marks => this.#marks;

  positionOf(id: string): number {
    return this.#marks[id]?.at ?? 0;
  }

  /** @param at Where the lesson is now, and @param length how long it is: both in seconds. */
  note(id: string, at: number, length: number): void {
    const isAtEnd = length > 0 && at / length >= DONE_FROM;
    const done = isAtEnd || (this.#marks[id]?.done ?? false);
    const { [id]: _before, ...others } = this.#marks;
    // The next time it begins again.
    const entries = [...Object.entries(others), [id, { at: isAtEnd ? 0 : at, done }] as const];
    this.#marks = Object.fromEntries(entries.slice(-MAX_LESSONS));
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#marks));
    } catch {
      // No room, or forbidden: they are kept until the page is left.
    }
    for (const listener of this.#listeners) listener();
  }
}

function read(): Marks {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? '{}') as Marks | null) ?? {};
  } catch {
    return {};
  }
}

export const lessonMarks = new LessonMarks();

export function useLessonMarks(): { readonly isDone: (id: string) => boolean } {
  const marks = useSyncExternalStore(lessonMarks.subscribe, lessonMarks.snapshot);
  return { isDone: (id) => marks[id]?.done ?? false };
}
