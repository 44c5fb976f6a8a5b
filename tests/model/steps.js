/** Transitions between worlds, each computed once. */
import { TICKS_MS } from './times.js';
import { apply, ops, resultId, world, worldId } from './world.js';

const OPS = 1 << 22;

export class Steps {
  applied = new Map();
  faulty = new Map();
  ticked = new Map();
  read = new Map();

  /** The world after an operation, and the answer: [world, answer]. */
  step(wid, op) {
    return known(this.applied, wid * OPS + op, () => {
      const [next, result] = apply(world(wid), ops.items[op]);
      return [worldId(next), resultId(result)];
    });
  }

  /** The world after a fault at an operation. `next`: after the operation. */
  fault(wid, fault, op, next) {
    const base = fault.carried ? next : wid;
    return known(this.faulty, base * OPS + (fault.late ? op + 1 : 0), () => {
      const w = world(base);
      const onTheirWay = fault.late ? [...w.w, op].sort((a, b) => a - b) : w.w;
      return worldId({ ...w, f: w.f - 1, w: onTheirWay });
    });
  }

  /** The world after a minute (0) or a deadline (1). `x`: whether only what reads the clock comes next. */
  tick(wid, size, x) {
    return known(this.ticked, wid * 2 + size, () => {
      const w = world(wid);
      const k = w.k.map((left, i) => (i === size ? left - 1 : left));
      return worldId({ ...w, k, x, t: w.t + TICKS_MS[size] });
    });
  }

  /** Somebody has read the clock. */
  clockRead(wid) {
    if (world(wid).x === 0) return wid;
    return known(this.read, wid, () => worldId({ ...world(wid), x: 0 }));
  }

  /** What is on its way, at an index, has arrived or is lost. */
  arrival(wid, index, arrives) {
    const w = world(wid);
    const rest = w.w.filter((_op, i) => i !== index);
    const base = arrives ? world(this.step(wid, w.w[index])[0]) : w;
    return worldId({ ...base, w: rest });
  }
}

function known(map, key, make) {
  let out = map.get(key);
  if (out === undefined) map.set(key, (out = make()));
  return out;
}
