import { tokenFor } from '../support/app.js';
import { clientWith, type Client } from '../support/client.js';
import { patience, waitUntil } from '../support/patience.js';
import { faultsOf, letTimePass } from '../support/wholeness.js';
import { Instructor } from './instructor.js';
import type { KillableHost, KillableServer } from './killable.js';
import type { DeathPoint } from './life.js';
import type { Random } from './random.js';
import { readShelf } from './shelf.js';

/** How many clients work at the same time. */
const INSTRUCTORS = 4;
/** How long clients work on a server before a point counts as never reached, in milliseconds. */
const NEVER_REACHED_MS = patience(45_000);

/** A server on its own data that dies and is started again, and the clients that record what was acknowledged. */
export class CrashSite {
  private readonly instructors: readonly Instructor[];

  constructor(
    private readonly host: KillableHost,
    private readonly random: Random,
    longVideoBytes: number,
  ) {
    this.instructors = Array.from(
      { length: INSTRUCTORS },
      (_, i) => new Instructor(`ada${i + 1}`, random, longVideoBytes),
    );
  }

  /** Lets the clients work on a server until it reaches this point, where it dies. */
  async killAt(deathPoint: DeathPoint): Promise<void> {
    const server = await this.start(deathPoint);
    const overdue = new AbortController();
    overdue.signal.addEventListener('abort', () => void server.kill());
    const timer = setTimeout(() => overdue.abort(), NEVER_REACHED_MS);
    await this.workUntilDead(server).finally(() => clearTimeout(timer));
    if (overdue.signal.aborted || !this.host.hasDied()) throw new Error(`${textOf(deathPoint)} was never reached.`);
  }

  /** Lets the clients work on a server that dies at a random moment. */
  async killAtRandom(): Promise<void> {
    const server = await this.start();
    server.dieSometime(this.random);
    await this.workUntilDead(server);
  }

  /** Starts a server that dies at this point of its own sweep. */
  async killSweepAt(deathPoint: DeathPoint): Promise<void> {
    await this.host.asOperator(letTimePass);
    const server = await this.host.start(deathPoint);
    if (server === 'died') return;
    await waitUntil(() => this.host.hasDied(), { within: NEVER_REACHED_MS }).finally(() => server.kill());
  }

  /** Sweeps once, as `lectern sweep` does, when all deadlines have passed. Returns what is still inconsistent after that. */
  async sweepOnce(): Promise<string[]> {
    return this.host.asOperator(async (app, site) => {
      await letTimePass();
      await app.sweeper.sweep();
      return faultsOf(app, site);
    });
  }

  /** Starts the server again, only to compare what it shows with what was acknowledged. */
  async compareShelves(): Promise<void> {
    await (await this.start()).stop();
  }

  remove(): Promise<void> {
    return this.host.remove();
  }

  /** Starts the server and compares what it shows to each client, byte for byte, with what was acknowledged to it. */
  private async start(deathPoint?: DeathPoint): Promise<KillableServer> {
    const server = await this.host.start(deathPoint);
    if (server === 'died') throw new Error(`The server died at its start, at ${textOf(deathPoint)}.`);
    try {
      await Promise.all(this.instructors.map((instructor) => this.compareShelf(instructor, server)));
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  private async compareShelf(instructor: Instructor, server: KillableServer): Promise<void> {
    const seen = await readShelf(await clientOf(instructor, server), instructor.name);
    const acceptable = instructor.acceptable().map((shelf) => canonical(shelf));
    if (!acceptable.includes(canonical(seen.shelf))) {
      throw new Error(
        `${instructor.name} (in the middle of: ${instructor.openDeed}) sees\n${canonical(seen.shelf)}\n` +
          `and not one of\n${acceptable.join('\n')}`,
      );
    }
    instructor.accept(seen);
  }

  private async workUntilDead(server: KillableServer): Promise<void> {
    const working = this.instructors.map(async (instructor) =>
      instructor.work(await clientOf(instructor, server), server.url),
    );
    try {
      await Promise.all(working);
    } finally {
      // A client that found a fault stops the others.
      await server.kill();
      await Promise.allSettled(working);
    }
  }
}

async function clientOf({ name }: Instructor, { url }: KillableServer): Promise<Client> {
  return clientWith(url, await tokenFor(name, 'instructor'));
}

function textOf(point: DeathPoint | undefined): string {
  return point ? `${point.when} ${point.step}, pass ${point.pass}` : 'no point';
}

/** The same text for the same content, whatever its order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null ? Object.fromEntries(Object.entries(item).sort()) : item,
  );
}
