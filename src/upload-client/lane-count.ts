/** How many parts go at a time. Fewer than three leave a fast line idle between parts; browsers open six connections. */
export const FEWEST_LANES = 3;
export const MOST_LANES = 6;

/** One more lane is kept when it makes the whole faster by this factor. */
const GAIN = 1.05;
/** Networks change: after so many measurements all is tried anew. */
const TRIED_ANEW = 12;

/** Finds how many lanes send fastest, by trying one more after each measurement. */
export class LaneCount {
  #count = FEWEST_LANES;
  #most = MOST_LANES;
  #rates = new Map<number, number>();
  #measurements = 0;

  get count(): number {
    return this.#count;
  }

  /** Uses one lane less than the browser has connections. */
  leaveOneFree(): void {
    this.#most = MOST_LANES - 1;
    this.#count = Math.min(this.#count, this.#most);
  }

  /** Takes the rate of all lanes together, measured with this count, in bytes per second. */
  measured(rate: number): void {
    this.#measurements += 1;
    if (this.#measurements % TRIED_ANEW === 0) this.#rates.clear();
    this.#rates.set(this.#count, rate);
    const withOneLess = this.#rates.get(this.#count - 1);
    const withOneMore = this.#rates.get(this.#count + 1);
    if (withOneLess !== undefined && rate < withOneLess * GAIN) this.#count -= 1;
    else if (withOneMore === undefined && this.#count < this.#most) this.#count += 1;
  }

  /** A part failed, which more lanes make likelier: one lane less, and what was measured before counts no more. */
  failed(): void {
    this.#rates.clear();
    this.#count = Math.max(FEWEST_LANES, this.#count - 1);
  }
}
