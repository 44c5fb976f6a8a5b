import { AsyncLocalStorage } from 'node:async_hooks';
import type { FailPoint } from '../../src/fail-point.js';
import { Telemetry } from '../../src/telemetry.js';

/** What an abandoned server gets from every effect. It can do nothing more. */
export class AbandonedError extends Error {
  constructor() {
    super('This server was abandoned.');
    this.name = 'AbandonedError';
  }
}

/** Where a life ends: at this occurrence of a step, as `FAIL_POINT` states it for a process. */
export type DeathPoint = Pick<FailPoint, 'when' | 'step' | 'pass'>;

const current = new AsyncLocalStorage<Life>();

/**
 * One run of a server within this process. It can be abandoned at any moment, which looks to the world like SIGKILL: from
 * then on no step, no command to the database and no operation of a storage begins, and none of those that are being
 * carried out tells the server its outcome. Whatever the server starts belongs to the life that it was started in
 * (AsyncLocalStorage).
 */
export class Life {
  private over = false;
  private reached = false;
  /** The number of further effects after which the life ends; undefined while it is to go on. */
  private effectsLeft: number | undefined;
  private passes = 0;
  private readonly running = new Set<Promise<unknown>>();
  private readonly endings: (() => void)[] = [];
  private readonly releases: (() => void)[] = [];

  constructor(private readonly deathPoint?: DeathPoint) {}

  /** The life that the caller belongs to; undefined for the tests themselves. */
  static get current(): Life | undefined {
    return current.getStore();
  }

  get isOver(): boolean {
    return this.over;
  }

  get hasReachedDeathPoint(): boolean {
    return this.reached;
  }

  /** Runs a part of the server in this life. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** Abandons the server. */
  end(): void {
    if (this.over) return;
    this.over = true;
    for (const ended of this.endings) ended();
  }

  /** Ends the life before the effect with this number, counted from now. */
  endAfter(effects: number): void {
    this.effectsLeft = effects;
  }

  /** Calls this as soon as the life ends, in the same turn. */
  onEnd(ended: () => void): void {
    this.endings.push(ended);
  }

  /** Calls this when the tests have seen what the life left behind, to free what it still holds. */
  onRelease(release: () => void): void {
    this.releases.push(release);
  }

  /**
   * Frees what a killed process would have lost: file handles, sockets, memory. Node keeps some handles that were made in a
   * life as long as the process lives, and with them the life.
   */
  release(): void {
    for (const release of this.releases.splice(0)) release();
    this.endings.length = 0;
    this.running.clear();
  }

  /**
   * Carries out something that the world sees.
   * @throws {AbandonedError} without carrying it out when the life is over, and instead of its outcome when it ended
   *   meanwhile.
   */
  async effect<T>(work: () => Promise<T>, isWaitedFor = (): boolean => true): Promise<T> {
    if (this.effectsLeft !== undefined && this.effectsLeft-- <= 0) this.end();
    this.assertAlive();
    const outcome = work();
    const tracked = Promise.race([outcome, this.endOf(isWaitedFor)]).catch(() => undefined);
    this.running.add(tracked);
    try {
      return await outcome;
    } finally {
      this.running.delete(tracked);
      this.assertAlive();
    }
  }

  /** Waits until the effects that had begun when the life ended have been carried out. None begins after that. */
  async settled(): Promise<void> {
    if (this.over) await Promise.all(this.running);
  }

  /** A telemetry whose steps belong to this life and end it at its death point. */
  telemetry(): Telemetry {
    return new MortalTelemetry(this);
  }

  /** @throws {AbandonedError} when the life is over. */
  passBy(when: DeathPoint['when'], step: string): void {
    if (when === this.deathPoint?.when && step === this.deathPoint.step && ++this.passes === this.deathPoint.pass) {
      this.reached = true;
      this.end();
    }
    this.assertAlive();
  }

  private assertAlive(): void {
    if (this.over) throw new AbandonedError();
  }

  /** Resolves when the life ends and nobody has to wait for an effect. */
  private endOf(isWaitedFor: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.onEnd(() => {
        if (!isWaitedFor()) resolve();
      });
    });
  }
}

class MortalTelemetry extends Telemetry {
  constructor(private readonly life: Life) {
    super({ level: 'silent' });
  }

  override step<T>(name: string, fields: object, run: () => Promise<T>): Promise<T> {
    return super.step(name, fields, async () => {
      this.life.passBy('before', name);
      const result = await run();
      this.life.passBy('after', name);
      return result;
    });
  }
}
