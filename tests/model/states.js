/**
 * The states that were reached: tuples of numbers in one growing table, with the parent and the action of each for its
 * trace. Exact: no state is taken for another.
 */
export class States {
  count = 0;

  constructor(width) {
    this.width = width;
    this.stride = width + 3;
    this.data = new Int32Array(this.stride * 65_536);
    this.slots = new Int32Array(1 << 18).fill(-1);
  }

  /** Returns the state's index, or -1 when it was reached before. */
  add(tuple, parent, who, what) {
    if (this.count * 2 > this.slots.length) this.grow();
    const slot = this.slotOf(tuple);
    if (this.slots[slot] !== -1) return -1;
    const index = this.count++;
    const base = index * this.stride;
    if (base + this.stride > this.data.length) {
      const larger = new Int32Array(this.data.length * 2);
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(tuple, base);
    this.data.set([parent, who, what], base + this.width);
    this.slots[slot] = index;
    return index;
  }

  tuple(index) {
    return this.data.subarray(index * this.stride, index * this.stride + this.width);
  }

  /** How a state was reached first. */
  origin(index) {
    const [parent, who, what] = this.data.subarray(index * this.stride + this.width, (index + 1) * this.stride);
    return { parent, who, what };
  }

  /** The slot of this tuple, or the free one where it belongs. */
  slotOf(tuple) {
    const mask = this.slots.length - 1;
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.width; i++) {
      hash = Math.imul(hash ^ tuple[i], 0x01000193);
      hash ^= hash >>> 15;
    }
    let slot = Math.imul(hash, 0x9e3779b1) & mask;
    while (this.slots[slot] !== -1 && !this.isAt(this.slots[slot], tuple)) slot = (slot + 1) & mask;
    return slot;
  }

  isAt(index, tuple) {
    const base = index * this.stride;
    for (let i = 0; i < this.width; i++) if (this.data[base + i] !== tuple[i]) return false;
    return true;
  }

  grow() {
    this.slots = new Int32Array(this.slots.length * 2).fill(-1);
    for (let index = 0; index < this.count; index++) this.slots[this.slotOf(this.tuple(index))] = index;
  }
}
