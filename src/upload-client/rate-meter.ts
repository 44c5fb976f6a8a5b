/** How far back a rate looks, in milliseconds. */
const WINDOW = 5_000;
/** A rate over less time than this would be mere chance, in milliseconds. */
const SHORTEST = 250;

/** Bytes per second over the last seconds. Times are in milliseconds, of any clock that never goes back. */
export class RateMeter {
  #notes: { readonly at: number; readonly bytes: number }[] = [];
  #begunAt: number | undefined;

  /** Notes that so many bytes were sent. Time before the first note, and before `restart`, does not count. */
  add(bytes: number, now: number): void {
    this.#begunAt ??= now;
    this.#notes.push({ at: now, bytes });
    this.#forget(now);
  }

  /** 0 while there is too little to tell. */
  rate(now: number): number {
    this.#forget(now);
    if (this.#begunAt === undefined) return 0;
    const elapsed = Math.min(WINDOW, now - this.#begunAt);
    if (elapsed < SHORTEST) return 0;
    return (this.#notes.reduce((sum, { bytes }) => sum + bytes, 0) / elapsed) * 1_000;
  }

  /** After a pause. */
  restart(): void {
    this.#notes = [];
    this.#begunAt = undefined;
  }

  #forget(now: number): void {
    const first = this.#notes.findIndex(({ at }) => at > now - WINDOW);
    this.#notes.splice(0, first < 0 ? this.#notes.length : first);
  }
}
