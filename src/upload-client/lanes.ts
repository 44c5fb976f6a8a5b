import { Gate } from './gate.js';
import { LaneCount } from './lane-count.js';
import { RateMeter } from './rate-meter.js';

/** A measurement takes so many parts of each lane. */
const PARTS_A_LANE = 2;

/**
 * The lanes of one uploader, each for one part at a time. All its uploads share them, because a browser opens six
 * connections to a host.
 */
export class Lanes {
  readonly #count = new LaneCount();
  readonly #gate = new Gate(() => this.count);
  readonly #meter = new RateMeter();
  #measured = { since: 0, parts: 0, bytes: 0 };

  /** How many parts go at a time now. */
  get count(): number {
    return this.#count.count;
  }

  /** Bytes per second of all lanes together. */
  get rate(): number {
    return this.#meter.rate(performance.now());
  }

  /** Leaves a connection for the other requests of a page, where its parts go to the server that answers those. */
  leaveOneFree(): void {
    this.#count.leaveOneFree();
  }

  /** Waits for a free lane. Returns how to leave it. Rejects with the reason of the signal. */
  async enter(signal: AbortSignal): Promise<() => void> {
    const leave = await this.#gate.enter(signal);
    if (this.#gate.inside === 1) this.#measureAnew();
    return () => {
      leave();
      if (this.#gate.inside === 0) this.#meter.restart();
    };
  }

  /** Notes bytes that went out. */
  sent(bytes: number): void {
    this.#meter.add(bytes, performance.now());
  }

  /** Notes a part that the storage has. */
  stored(bytes: number): void {
    this.#measured.parts += 1;
    this.#measured.bytes += bytes;
    if (this.#measured.parts < PARTS_A_LANE * this.count) return;
    const seconds = (performance.now() - this.#measured.since) / 1_000;
    // With a lane unused, the rate tells nothing of their number.
    if (this.#gate.isFull) this.#count.measured(this.#measured.bytes / seconds);
    this.#measureAnew();
    this.#gate.open();
  }

  /** Notes a part that failed. */
  failed(): void {
    this.#count.failed();
    this.#measureAnew();
  }

  #measureAnew(): void {
    this.#measured = { since: performance.now(), parts: 0, bytes: 0 };
  }
}
