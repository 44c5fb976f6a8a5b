/** Random choices that are the same for the same seed (Mulberry32): good enough to spread, not to keep a secret. */
export class Random {
  constructor(private state: number) {}

  /** For one of many: neighbours have nothing in common. */
  static of(seed: number, index: number): Random {
    const random = new Random(Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(index + 1, 0xc2b2_ae35));
    random.below(2);
    return random;
  }

  /** A whole number from 0 to below `limit`; 0 when there is none. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let value = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  oneIn(chances: number): boolean {
    return this.below(chances) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
