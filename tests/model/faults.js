import { isWrite } from './world.js';

const isDb = (op) => op.k === 'db';
const isDbWrite = (op) => isDb(op) && isWrite(op);
const is = (request) => (op) => op.k === 'st' && op.m === request;

/**
 * What can go wrong at an operation.
 * - `when`: at which operations; absent: at all
 * - `crash`: the process ends here
 * - `carried`: the operation is carried out; `late`: a copy of it is carried out later, or never
 * - `err`: what the process is answered; `again`: nothing yet, the driver sends the operation again; `copy`: as if nothing
 *   had gone wrong
 */
export const FAULTS = {
  crash: { crash: true },
  // What the process has just sent is carried out after its end.
  'crash-late': { crash: true, late: true, when: isWrite },
  'db-fails': { err: 'network', when: isDb },
  'db-lost': { err: 'network', carried: true, when: isDbWrite },
  'db-late': { err: 'network', late: true, when: isDbWrite },
  'db-twice': { again: true, carried: true, when: isDbWrite },
  // The process got the answer of the second attempt; the first one arrives after it.
  'db-echo': { copy: true, carried: true, late: true, when: isDbWrite },
  'put-broken': { err: 'broken', when: is('put') },
  'put-fails': { err: 'unavailable', when: is('put') },
  'put-lost': { err: 'unavailable', carried: true, when: is('put') },
  'put-late': { err: 'unavailable', late: true, when: is('put') },
  // A bucket takes a second PUT; a disk refuses it.
  'put-twice': { again: true, carried: true, when: (op) => is('put')(op) && op.s === 's3' },
  'put-echo': { again: true, late: true, when: is('put') },
  'begin-lost': { err: 'unavailable', carried: true, when: is('begin') },
  'begin-late': { err: 'unavailable', late: true, when: is('begin') },
  'part-late': { err: 'unavailable', late: true, when: is('part') },
  'complete-fails': { err: 'unavailable', when: is('complete') },
  'complete-lost': { err: 'unavailable', carried: true, when: is('complete') },
  'complete-late': { err: 'unavailable', late: true, when: is('complete') },
  'end-fails': { err: 'unavailable', when: (op) => is('end')(op) || is('abort')(op) },
  'measure-refuses': { err: 'refused', when: is('measure') },
  'delete-fails': { err: 'unavailable', when: is('delete') },
  'delete-lost': { err: 'unavailable', carried: true, when: is('delete') },
  'delete-late': { err: 'unavailable', late: true, when: is('delete') },
  'delete-echo': { again: true, late: true, when: is('delete') },
  'read-fails': { err: 'unavailable', when: (op) => ['stat', 'open', 'list', 'parts'].some((read) => is(read)(op)) },
};

export const FAULT_KINDS = Object.keys(FAULTS);
