import type { UploadProgress } from './api.js';
import { RateMeter } from './rate-meter.js';

/** Adds up what the storage has and what is on its way, and tells it. */
export class Progress {
  readonly #meter = new RateMeter();
  readonly #underWay = new Map<number, number>();
  #stored = 0;
  #loaded = 0;
  #toldAt = -Infinity;

  /**
   * @param total The size of the file in bytes.
   * @param interval The shortest time between two calls of `tell`, in milliseconds.
   */
  constructor(
    private readonly total: number,
    private readonly tell: (progress: UploadProgress) => void,
    private readonly interval: number,
  ) {}

  /** Begins again from what the server says it has. What was on its way is lost. */
  begin(stored: number): void {
    this.#underWay.clear();
    this.#meter.restart();
    this.#stored = stored;
    this.#changed(true);
  }

  /** Notes that so many bytes of a part are out. Returns how many of them are new. */
  sent(part: number, bytes: number): number {
    const more = bytes - (this.#underWay.get(part) ?? 0);
    this.#underWay.set(part, bytes);
    this.#meter.add(more, performance.now());
    this.#changed(false);
    return more;
  }

  /** Notes that the storage has a part. */
  stored(part: number, bytes: number): void {
    this.#underWay.delete(part);
    this.#stored += bytes;
    this.#changed(false);
  }

  /** Notes that a part on its way was lost. `loaded` stays until other bytes have made up for it. */
  lost(part: number): void {
    this.#underWay.delete(part);
  }

  /** The file is published. */
  finish(): void {
    this.#underWay.clear();
    this.#stored = this.total;
    this.#changed(true);
  }

  #changed(atOnce: boolean): void {
    let sum = this.#stored;
    for (const bytes of this.#underWay.values()) sum += bytes;
    this.#loaded = Math.max(this.#loaded, Math.min(sum, this.total));
    const now = performance.now();
    if (!atOnce && now - this.#toldAt < this.interval) return;
    this.#toldAt = now;
    this.tell({ loaded: this.#loaded, total: this.total, rate: this.#meter.rate(now) });
  }
}
