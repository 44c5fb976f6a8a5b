/**
 * Which process runs now, and what it finds instead of a clock, of timers and of chance. A process runs only while the
 * explorer waits for it, so one variable says whose turn it is.
 */

const RealDate = Date;

/** @type {{ name: string, kind: string, now: number, issued: object[] } & Record<string, unknown>} */
let current = { now: 0, issued: [] };

export const running = () => current;

/** From now on this process runs. */
export function enter(process) {
  current = process;
}

/** No process runs: whatever asks for the time is not part of the model. */
export function leave() {
  current = { now: 0, issued: [] };
}

/** The clock that processes read: that of the world when the last answer came. */
class ModelDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(ModelDate.now());
    else super(...args);
  }

  static now() {
    current.dateRead = true;
    return current.now;
  }
}

globalThis.Date = ModelDate;
globalThis.setInterval = () => ({ unref() {}, ref() {} });
globalThis.clearInterval = () => undefined;

/** A swap that is lost again and again: more tries than this are not followed. */
const MAX_PAUSES = 4;
const never = () => new Promise(() => undefined);

/** What the stubs of hooks.js ask. */
globalThis.lecternModel = {
  newId: () => `new-${current.name}${current.ids++ || ''}`,
  newKeyName: () => `${current.name}${current.keys++ || ''}`,
  paused: () => {
    current.pauses += 1;
    if (current.pauses > MAX_PAUSES) current.stuck = true;
    return current.stuck ? never() : undefined;
  },
};

export { ModelDate, RealDate };
