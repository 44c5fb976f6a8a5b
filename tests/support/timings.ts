import { DEFAULT_TIMINGS, type TimingName, type Timings } from '../../src/timings.js';
import { patience } from './patience.js';
import { everything } from './scope.js';

/** The value of `TIMINGS` for a server of a test: nobody is told that it stops, so it stops at once. */
export function timings(changed: Partial<Timings> = {}): string {
  return Object.entries({ stopNotice: 0, ...changed })
    .map(([name, ms]) => `${name}=${String(ms)}`)
    .join(',');
}

/** The MongoDB driver looks for a server every 500 ms, so shorter waits would end before it has found one again. */
const LEAST: Partial<Timings> = { databaseSelection: 2_000, databaseOperation: 3_000 };

/**
 * These waits of the server, in milliseconds: a tenth of their length in `npm test`, longer on a slow machine, and never
 * more than the whole; at full length in `npm run test:all`.
 */
export function shortened<Name extends TimingName>(...names: readonly Name[]): Record<Name, number> {
  const short = (name: Name): number =>
    Math.min(DEFAULT_TIMINGS[name], patience(Math.max(DEFAULT_TIMINGS[name] / 10, LEAST[name] ?? 0)));
  const entries = names.map((name) => [name, everything ? DEFAULT_TIMINGS[name] : short(name)]);
  return Object.fromEntries(entries) as Record<Name, number>;
}
