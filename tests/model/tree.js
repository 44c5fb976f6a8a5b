/**
 * The histories of one process. A process is deterministic, so its state is what it has been answered so far: a node in
 * a tree of histories. A node is made by running the process once more from its start with the recorded answers.
 */
import { setImmediate } from 'node:timers';
import { LecternError } from '../../dist/errors.js';
import { recogniseDatabaseError } from '../../dist/database/database-errors.js';
import { errorOf } from './controlled.js';
import { enter, leave } from './current.js';
import { copy } from './values.js';
import { opId, ops, results } from './world.js';

/** Nodes of every tree: not begun, and crashed. */
export const NOT_BEGUN = 0;
export const CRASHED = 1;
/** The pseudo-answer with which a process begins. */
const BEGIN = -1;

const isPut = ({ op }) => ops.items[op].m === 'put';

export class Tree {
  nodes = [];
  ends = new Map();

  /**
   * @param {object} process one of actors.js
   * @param {(op: object) => unknown} inert answers what is no step in this scenario
   */
  constructor(process, inert) {
    this.process = process;
    this.inert = inert;
    const start = opId({ k: 'st', m: 'start' });
    this.nodes.push({ history: [], pending: [{ seq: BEGIN, op: start }], children: new Map() });
    this.nodes.push({ history: [], pending: [], crashed: true, children: new Map() });
  }

  /** The node of a process that begins at a time, about to send its first operation. */
  begun(nothing, t) {
    return this.child(NOT_BEGUN, BEGIN, nothing, t);
  }

  /** The node after `nodeId` has been answered at its operation `seq`, at a time: a number, or a promise of one. */
  child(nodeId, seq, result, t) {
    const found = this.nodes[nodeId].children.get(result * 256 + seq + 1);
    const known = typeof found === 'object' ? found.get(t) : found;
    return known ?? this.makeChild(nodeId, seq, result, t);
  }

  async makeChild(nodeId, seq, result, t) {
    const node = this.nodes[nodeId];
    const history = [...node.history, { seq, result, t }];
    const { state, dateRead } = await this.run(history);
    const id = this.idOf({ history, ...state, dateRead, parent: nodeId, children: new Map() });
    const key = result * 256 + seq + 1;
    if (!dateRead) node.children.set(key, id);
    else if (node.children.has(key)) node.children.get(key).set(t, id);
    else node.children.set(key, new Map([[t, id]]));
    return id;
  }

  /** All histories that end alike are one node. */
  idOf(node) {
    const end = node.done ?? (node.stuck ? 'stuck' : undefined);
    if (end !== undefined && this.ends.has(end)) return this.ends.get(end);
    const id = this.nodes.push(node) - 1;
    if (end !== undefined) this.ends.set(end, id);
    return id;
  }

  /**
   * The process slept between the answer that it got last and its reading of the clock: the node in which it reads this
   * time. `stale`: only when it is about to store; else it read its clock before it slept.
   */
  refreshed(nodeId, t, stale) {
    const node = this.nodes[nodeId];
    if (!node.dateRead || node.pinned || node.pending.length === 0) return nodeId;
    const { seq, result, t: before } = node.history.at(-1);
    if (before === t || (stale && !node.pending.some(isPut))) return nodeId;
    return this.child(node.parent, seq, result, t);
  }

  /** The driver sends again what it has sent: a process that waits for that answer does not read its clock anew. */
  pinned(nodeId) {
    const node = this.nodes[nodeId];
    node.pin ??= node.pinned ? nodeId : this.nodes.push({ ...node, pinned: true }) - 1;
    return node.pin;
  }

  async run(history) {
    const { name, kind } = this.process;
    const mine = { name, kind, ids: 0, keys: 0, pauses: 0, issued: [], inert: this.inert, now: history[0].t };
    enter(mine);
    let end;
    this.process.run().then(
      () => (end = { done: 'ok' }),
      (error) => (end = { done: codeOf(error) }),
    );
    await settled();
    const answered = new Set();
    for (const { seq, result, t } of history.slice(1)) {
      mine.dateRead = false;
      mine.now = t;
      const { ok, err } = results.items[result];
      const op = mine.issued[seq];
      if (!op) throw new Error(`${name} did not come to its operation ${seq} again.`);
      answered.add(seq);
      if (err) op.reject(errorOf(err));
      else op.resolve(copy(ok));
      await settled();
    }
    const all = mine.issued.map((op, seq) => ({ seq, op: op.id }));
    const pending = end || mine.stuck ? [] : all.filter(({ seq }) => !answered.has(seq));
    if (!end && !mine.stuck && pending.length === 0) throw new Error(`${name} waits for nothing that the model knows.`);
    leave();
    return { state: { pending, ...end, ...(mine.stuck && !end && { stuck: true }) }, dateRead: mine.dateRead === true };
  }
}

/** What a client is answered. */
function codeOf(error) {
  if (error instanceof LecternError) return error.code;
  return recogniseDatabaseError(error)?.code ?? `INTERNAL (${error?.message ?? error})`;
}

/** All that a process can do without a further answer has been done. */
async function settled() {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
