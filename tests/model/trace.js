/** How a state was reached, in words. */
import { encode } from './values.js';
import { labelOf, ops, results, world } from './world.js';
import { NOT_BEGUN } from './tree.js';

export function traceOf(exploration, index) {
  const lines = [];
  for (let i = index; i > 0; i = exploration.states.origin(i).parent) lines.unshift(lineOf(exploration, i));
  return lines;
}

function lineOf({ states, procs, trees, steps, faults }, index) {
  const { parent, who, what } = states.origin(index);
  const before = states.tuple(parent);
  const [wid] = before;
  if (who === procs.length) {
    const arrival = what % 2 === 0 ? 'arrives' : 'is lost';
    return `   (on its way) ${arrival}: ${labelOf(ops.items[world(wid).w[what >> 1]])}`;
  }
  if (who > procs.length) return `   (time) ${what === 0 ? 'a minute' : 'the deadline'} passes`;
  const tree = trees[who];
  const begins = before[who + 1] === NOT_BEGUN;
  const node = tree.nodes[begins ? beginning(tree, world(wid).t) : before[who + 1]];
  const { op } = node.pending.find(({ seq }) => seq === what >> 5);
  const fault = faults[(what & 31) - 1];
  const [, result] = steps.step(wid, op);
  const after = tree.nodes[states.tuple(index)[who + 1]];
  return [
    `${procs[who].name}:`,
    begins ? ' (begins)' : '',
    fault ? ` [${fault.name}]` : '',
    ` ${labelOf(ops.items[op])}`,
    fault ? '' : ` => ${encode(results.items[result])}`,
    after.done ? `  ** ${procs[who].name} ends: ${after.done}` : '',
  ].join('');
}

/** The node with which a process began at this time: it is known, since it was visited. */
function beginning(tree, t) {
  const [found] = tree.nodes[NOT_BEGUN].children.values();
  return typeof found === 'object' ? found.get(t) : found;
}
