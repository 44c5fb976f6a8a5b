/**
 * Lets the starts of one maker take turns on this server: what one of them reserves, the next one counts. Starts on
 * different servers may meet all the same, and then count both.
 */
export class MakerTurns {
  private readonly last = new Map<string, Promise<unknown>>();

  async take<T>(makerId: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(makerId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.last.set(makerId, settled);
    try {
      return await mine;
    } finally {
      if (this.last.get(makerId) === settled) this.last.delete(makerId);
    }
  }
}
