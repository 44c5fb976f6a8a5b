import { DEFAULT_TIMINGS, type TimingName, type Timings } from '../../src/timings.js';
import { patience } from './patience.js';
import { everything } from './scope.js';

/** The value of `TIMINGS` for a test server. It stops at once, because no load balancer has to notice that. */
export function timings(changed: Partial<Timings> = {}): string {
  return Object.entries({ stopNotice: 0, ...changed })
    .map(([name, ms]) => `${name}=${String(ms)}`)
    .join(',');
}

/**
 * The shortest time-outs. The MongoDB driver looks for a server every 500 ms, so shorter ones would always expire. A store
 * that is late by 700 ms, or whose proxy is busy, is not taken for one that hangs.
 */
const LEAST: Partial<Timings> = { databaseSelection: 2_000, databaseOperation: 3_000, s3Idle: 2_000 };

/**
 * Returns these time-outs of the server, in milliseconds: in `npm test` a tenth of their length, longer on a slow machine,
 * but never more than the full length; in `npm run test:all` at full length.
 */
export function shortened<Name extends TimingName>(...names: readonly Name[]): Record<Name, number> {
  const short = (name: Name): number =>
    Math.min(DEFAULT_TIMINGS[name], patience(Math.max(DEFAULT_TIMINGS[name] / 10, LEAST[name] ?? 0)));
  const entries = names.map((name) => [name, everything ? DEFAULT_TIMINGS[name] : short(name)]);
  return Object.fromEntries(entries) as Record<Name, number>;
}
