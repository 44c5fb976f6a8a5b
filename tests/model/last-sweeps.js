/** When all processes have ended: a sweeper alone, again and again, days later, until nothing changes. */
import { leftoversIn } from './invariants.js';
import { DAY_MS, TICKS_MS } from './times.js';
import { world, worldId } from './world.js';

/** The first rounds follow each other by a deadline, so that what was promised for longer must still be there. */
const SHORT_ROUNDS = 3;
const MAX_ROUNDS = 9;
const LONG_ROUND_MS = 3 * DAY_MS;
/** An object that lay there, known to nobody, from the beginning: a reconciliation that met a fault may leave it. */
const UNKNOWN_FROM_THE_BEGINNING = /\/X$/;

export class LastSweeps {
  known = new Map();

  constructor({ sweeper, steps, nothing, wrongIn }) {
    this.sweeper = sweeper;
    this.steps = steps;
    this.wrongIn = wrongIn;
    this.nothing = nothing;
  }

  /** What is wrong after the last sweeps. `faults`: how many there might have been. */
  async after(wid, faults) {
    if (!this.known.has(wid)) this.known.set(wid, await this.sweep(wid, faults));
    return this.known.get(wid);
  }

  async sweep(wid, faults) {
    const wrong = new Set();
    const hadFaults = world(wid).f < faults;
    let now = wid;
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const t = round <= SHORT_ROUNDS ? world(now).t + TICKS_MS[1] : round * LONG_ROUND_MS;
      const before = worldId({ ...world(now), t, f: 0, k: [0, 0], x: 0 });
      now = await this.sweepOnce(before, wrong);
      if (now === before && round > SHORT_ROUNDS + 1) break;
    }
    for (const text of leftoversIn(world(now))) {
      if (!hadFaults || !UNKNOWN_FROM_THE_BEGINNING.test(text)) wrong.add(text);
    }
    return [...wrong];
  }

  async sweepOnce(wid, wrong) {
    const { nodes } = this.sweeper;
    const { t } = world(wid);
    let now = wid;
    let node = await this.sweeper.begun(this.nothing, t);
    while (nodes[node].pending.length > 0) {
      const [{ seq, op }] = nodes[node].pending;
      const [next, result] = this.steps.step(now, op);
      now = next;
      if (this.wrongIn(now)) wrong.add(`in the last sweeps: ${this.wrongIn(now)}`);
      node = await this.sweeper.child(node, seq, result, t);
    }
    if (nodes[node].done !== 'ok') wrong.add(`the last sweep ended with ${nodes[node].done ?? 'no end'}`);
    return now;
  }
}
