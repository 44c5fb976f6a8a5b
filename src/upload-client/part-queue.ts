/** The parts that are still to be sent, in order. */
export class PartQueue {
  readonly #numbers: number[];

  constructor(missing: readonly number[]) {
    this.#numbers = [...missing].reverse();
  }

  get isEmpty(): boolean {
    return this.#numbers.length === 0;
  }

  /** Takes the next part. */
  take(): number {
    const number = this.#numbers.pop();
    if (number === undefined) throw new Error('No part is left.');
    return number;
  }

  /** The parts that come next, at most so many. They stay in the queue. */
  next(count: number): number[] {
    return count <= 0 ? [] : this.#numbers.slice(-count).reverse();
  }
}

/** Where a part begins and ends in its file, in bytes; parts are numbered from 1. */
export function rangeOfPart(
  number: number,
  { size, partSize }: { readonly size: number; readonly partSize: number },
): { readonly start: number; readonly end: number } {
  const start = (number - 1) * partSize;
  return { start, end: Math.min(size, start + partSize) };
}
