/**
 * Breadth first over every interleaving, fault and tick: so the first trace to a violation is a shortest one. A state is
 * the world and the node of each process.
 */
import { performance } from 'node:perf_hooks';
import { sweep } from './actors.js';
import { FAULTS } from './faults.js';
import { isAlive, livesIn, wrongIn } from './invariants.js';
import { LastSweeps } from './last-sweeps.js';
import { States } from './states.js';
import { Steps } from './steps.js';
import { traceOf } from './trace.js';
import { NOT_BEGUN, CRASHED, Tree } from './tree.js';
import { forgetNumbers, ops, resultId, world, worldCount, worldId } from './world.js';

/** Operations during which bytes move, so that minutes may pass although everybody works. */
const LONG = ['put', 'open', 'measure', 'part'];
/** What only a client does, which may take its time: deadlines pass. */
const IDLE = ['part'];
/** At most so many operations are on their way at once. */
const MAX_LATE = 2;
/** Answers after which a client may not conclude that nothing was done. */
const isUnknown = (code) => code === 'DATABASE_UNAVAILABLE' || code.startsWith('INTERNAL');

/**
 * @param {object} scenario `procs`, `inert`, `inertSweep`, `initial`: see scenarios.js
 * @param {object} options
 * @param {number} options.faults how many faults there may be
 * @param {string[]} options.kinds of which kinds
 * @param {[number, number]} options.ticks how often a minute and a deadline may pass
 * @param {boolean} options.paused any process may sleep at any step; else time passes only while bytes move (a minute)
 *   or nobody works (a deadline)
 * @param {boolean} options.stale who sleeps has read its clock before
 */
export async function explore(scenario, options) {
  return new Exploration(scenario, options).run();
}

class Exploration {
  violations = new Map();
  seen = new Map();
  wrong = new Map();
  steps = new Steps();
  ends = 0;
  stuck = 0;
  cut = false;

  constructor({ procs, inert, inertSweep, initial }, options) {
    forgetNumbers();
    this.nothing = resultId({ ok: null });
    this.procs = procs;
    this.options = options;
    this.initial = initial;
    this.trees = procs.map((process) => new Tree(process, inert));
    this.states = new States(procs.length + 1);
    this.next = new Int32Array(procs.length + 1);
    const sweeper = new Tree(sweep('Z', { last: true }), inertSweep);
    const { steps, nothing } = this;
    this.lastSweeps = new LastSweeps({ sweeper, steps, nothing, wrongIn: (wid) => this.wrongIn(wid) });
    this.faults = (options.faults > 0 ? options.kinds : []).map((name) => {
      if (!(name in FAULTS)) throw new Error(`There is no kind of fault "${name}".`);
      return { name, ...FAULTS[name], result: resultId({ err: FAULTS[name].err ?? 'network' }) };
    });
  }

  async run() {
    const begun = performance.now();
    const { maxStates, maxMs, faults: f, ticks: k } = this.options;
    const first = new Int32Array(this.procs.length + 1);
    first[0] = worldId({ t: 0, f, k, x: 0, d: {}, o: {}, u: {}, w: [], p: [], q: [], c: {}, ...this.initial });
    this.states.add(first, -1, -1, -1);
    for (let index = 0; index < this.states.count; index++) {
      this.cut = this.states.count > maxStates || performance.now() - begun > maxMs;
      if (this.cut || this.foundBefore(index)) break;
      await this.expand(index);
    }
    const found = [...this.violations].map(([text, index]) => ({ text, trace: traceOf(this, index) }));
    const { ends, stuck, cut } = this;
    const nodes = this.trees.map((tree) => tree.nodes.length);
    const seconds = (performance.now() - begun) / 1_000;
    return { states: this.states.count, worlds: worldCount(), nodes, ends, stuck, cut, seconds, violations: found };
  }

  /** Whether a violation was found that is not deeper than what comes next. */
  foundBefore(index) {
    return this.violations.size > 0 && index > Math.min(...this.violations.values());
  }

  async expand(index) {
    const at = Int32Array.from(this.states.tuple(index));
    const w = world(at[0]);
    let moved = false;
    for (let p = 0; p < this.procs.length; p++) {
      if (this.trees[p].nodes[at[p + 1]].pending.length === 0) continue;
      moved = true;
      // Of two that do the same, the first begins first.
      const { after } = this.procs[p];
      if (at[p + 1] === NOT_BEGUN && after !== undefined && at[after + 1] === NOT_BEGUN) continue;
      await this.expandProcess(index, at, p);
    }
    // What is on its way arrives, or never does.
    for (let i = 0; i < w.w.length && w.x === 0; i++) {
      moved = true;
      for (const arrives of [true, false]) {
        this.visit(index, at, this.steps.arrival(at[0], i, arrives), this.procs.length, 0, i * 2 + (arrives ? 0 : 1));
      }
    }
    // What is late arrives before time passes, or never.
    if (w.w.length === 0) for (const size of [0, 1]) if (this.mayPass(at, size)) await this.expandTick(index, at, size);
    if (this.trees.some((tree, p) => tree.nodes[at[p + 1]].stuck)) this.stuck += 1;
    if (moved || w.x === 1) return;
    this.ends += 1;
    for (const text of await this.lastSweeps.after(at[0], this.options.faults))
      this.found(`in the end: ${text}`, index);
  }

  /** Every next step of one process, with every fault at it. A process begins together with its first operation. */
  async expandProcess(index, at, p) {
    const tree = this.trees[p];
    const [wid] = at;
    const w = world(wid);
    const begins = at[p + 1] === NOT_BEGUN;
    const nodeId = begins ? await tree.begun(this.nothing, w.t) : at[p + 1];
    const node = tree.nodes[nodeId];
    for (const { seq, op } of node.pending) {
      const operation = ops.items[op];
      const [after, result] = this.steps.step(wid, op);
      const isTimed = (child) => w.x === 0 || this.readsClock(node, tree.nodes[child], operation, begins);
      const child = await tree.child(nodeId, seq, result, w.t);
      if (isTimed(child)) this.visit(index, at, this.steps.clockRead(after), p, child, seq * 32);
      if (w.f === 0) continue;
      for (const [k, fault] of this.faults.entries()) {
        if (fault.when && !fault.when(operation)) continue;
        if (fault.crash && !fault.late && (begins || seq !== node.pending[0].seq)) continue;
        if (fault.late && w.w.length >= MAX_LATE) continue;
        const target = fault.crash
          ? CRASHED
          : fault.again
            ? tree.pinned(nodeId)
            : fault.copy
              ? child
              : await tree.child(nodeId, seq, fault.result, w.t);
        if (!isTimed(target)) continue;
        const next = this.steps.clockRead(this.steps.fault(wid, fault, op, after));
        this.visit(index, at, next, p, target, seq * 32 + k + 1);
      }
    }
  }

  /** A tick commutes with every step that does not depend on the clock: so it is taken right before one that does. */
  readsClock(node, child, operation, begins) {
    if (operation.m === 'put') return true;
    if (this.options.stale) return (begins && node.dateRead) || child.dateRead;
    return node.dateRead && !node.pinned;
  }

  mayPass(at, size) {
    if (world(at[0]).k[size] === 0) return false;
    if (this.options.paused) return true;
    return this.trees.every((tree, p) => {
      const { pending } = tree.nodes[at[p + 1]];
      if (pending.length === 0 || at[p + 1] === NOT_BEGUN) return true;
      return pending.every(({ op }) => (size === 0 ? LONG : IDLE).includes(ops.items[op].m));
    });
  }

  async expandTick(index, at, size) {
    const { paused, stale } = this.options;
    const wid = this.steps.tick(at[0], size, paused ? 1 : 0);
    const then = Int32Array.from(at);
    for (let p = 0; p < this.procs.length; p++) {
      if (at[p + 1] !== NOT_BEGUN) then[p + 1] = await this.trees[p].refreshed(at[p + 1], world(wid).t, stale);
    }
    this.visit(index, then, wid, this.procs.length + 1, 0, size);
  }

  visit(index, at, wid, who, node, what) {
    this.next.set(at);
    this.next[0] = wid;
    if (who < this.procs.length) this.next[who + 1] = node;
    const added = this.states.add(this.next, index, who, what);
    if (added < 0) return;
    const wrong = this.wrongIn(wid);
    if (wrong) this.found(wrong, added);
    for (let p = 0; p < this.procs.length; p++) {
      const { done } = this.trees[p].nodes[this.next[p + 1]];
      if (done !== undefined) this.checkAnswer(added, wid, p, done);
    }
  }

  checkAnswer(index, wid, p, done) {
    const { name, uploads, removes, kind } = this.procs[p];
    if (done.startsWith('INTERNAL') && !done.includes('already')) this.found(`${name} ended with ${done}`, index);
    if (removes && done === 'ok' && isAlive(world(wid), removes)) this.found(`${removes} lives`, index);
    if (uploads === undefined) return;
    const { was, is } = this.livesIn(wid, p);
    if (done === 'ok' && !was) this.found(`${name} was acknowledged and never published`, index);
    if (done === 'ok' || isUnknown(done)) return;
    if (is) this.found(`${name} was answered ${done}, and its file is live`, index);
    else if (was && !(done === 'NOT_FOUND' && kind === 'create')) {
      this.found(`${name} was answered ${done}, and its file had been live`, index);
    }
  }

  livesIn(wid, p) {
    const key = wid * 8 + p;
    if (!this.seen.has(key)) this.seen.set(key, livesIn(world(wid), this.procs[p].uploads));
    return this.seen.get(key);
  }

  wrongIn(wid) {
    if (!this.wrong.has(wid)) this.wrong.set(wid, wrongIn(world(wid)));
    return this.wrong.get(wid);
  }

  found(text, index) {
    if (!this.violations.has(text)) this.violations.set(text, index);
  }
}
