/** Which processes meet, in which world. */
import * as A from './actors.js';
import * as W from './initial.js';

/** The answers to commands on collections, and requests about slots, that a scenario has nothing of. */
const EMPTY = {
  find: [],
  findOne: null,
  exists: null,
  updateOne: { matchedCount: 0 },
  updateMany: { matchedCount: 0 },
  deleteOne: { deletedCount: 0 },
  deleteMany: { deletedCount: 0 },
};

/** What a scenario has nothing of is answered at once, without being a step. */
function inertFor(collections, slots, { hasSessions = false } = {}) {
  const prefixes = W.prefixesOf(slots);
  return (op) => {
    if (op.k === 'st') {
      if (op.m === 'end' && !hasSessions) return null;
      return op.m === 'list' && !prefixes.includes(op.key) ? [] : undefined;
    }
    if (op.c === 'media_objects') return hasSessions ? inertOfSessions(op) : inertOfRows(op);
    return collections.includes(op.c) ? undefined : EMPTY[op.m];
  };
}

/** Commands on many rows are about rows of direct uploads. */
function inertOfRows({ m }) {
  return ['updateMany', 'deleteMany'].includes(m) ? EMPTY[m] : undefined;
}

/** What a viewer has reserved is bounded by no scenario. */
function inertOfSessions({ m, f }) {
  return m === 'find' && f?.['session.makerId'] !== undefined ? EMPTY.find : undefined;
}

const COURSE = inertFor(['courses'], ['COURSE_THUMBNAIL']);
const COURSE_FILES = inertFor(['courses'], ['COURSE_THUMBNAIL', 'COURSE_INTRO_VIDEO']);
const SESSIONS = inertFor(['courses'], ['COURSE_THUMBNAIL'], { hasSessions: true });
const VIDEO = inertFor(['videos'], ['VIDEO_CAPTION']);
const IMAGE = inertFor(['images'], ['IMAGE']);
const FAMILY = inertFor(['courses', 'topics', 'videos'], ['VIDEO_FILE']);

const GRACE = { graceMs: 100_000 };
const LONG_GRACE = { graceMs: 2_000_000 };
const PLACE = { ownerId: 'o1' };
const item = (itemId) => ({ ownerId: 'o1', itemId });

const replace = (name, options) => A.replace(name, 'COURSE_THUMBNAIL', PLACE, options);
const clear = (name, options) => A.clear(name, 'COURSE_THUMBNAIL', PLACE, options);
const remove = (name, options) => A.remove(name, 'course', 'o1', options);
const migrate = (name, to, keepMs) => A.migrate(name, 'COURSE_THUMBNAIL', { to, ...(keepMs && { keepMs }) });
const addItem = (name) => A.replace(name, 'VIDEO_CAPTION', item(`i${name}`));
const clearItem = (name, itemId) => A.clear(name, 'VIDEO_CAPTION', item(itemId));
const removeVideo = (name) => A.remove(name, 'video', 'o1');
const complete = (name) => A.complete(name, 'U');
const abort = (name) => A.abort(name, 'U');
const direct = (name, options) => A.direct(name, 'COURSE_THUMBNAIL', PLACE, options);
const startAgain = (name, file) => A.startAgain(name, file, 'COURSE_THUMBNAIL', PLACE);
const S = A.sweep('S');
const T = A.sweep('T');
const R = A.reconcile('R');
const measured = { measured: true };
const rowOfA = { storage: 's3', key: 'course-thumbnails/o1/A' };

/** name: [what may happen, the world, the processes]. */
const SPECS = {
  'replace sweep': [COURSE, W.withThumbnail(), [replace('A'), S]],
  'replace measured': [COURSE, W.withThumbnail(), [replace('A', measured), S]],
  'replace replace': [COURSE, W.withThumbnail(), [replace('A'), replace('B')]],
  'replace clear': [COURSE, W.withThumbnail(), [replace('A'), clear('C')]],
  'replace delete': [COURSE, W.withThumbnail(), [replace('A'), remove('D')]],
  'replace migrate': [COURSE, W.withThumbnail('local'), [replace('A'), migrate('M', 's3')]],
  'replace reconcile': [COURSE, W.orphaned(), [replace('A'), R]],
  'item clear-item': [VIDEO, W.withCaption(), [addItem('A'), clearItem('C', 'iA')]],
  'item item': [VIDEO, W.withCaption(), [addItem('A'), addItem('B')]],
  'item delete': [VIDEO, W.withCaption(), [addItem('A'), removeVideo('D')]],
  'clear clear': [COURSE, W.withThumbnail(), [clear('C'), clear('E')]],
  'clear-item clear-item': [VIDEO, W.withCaption(), [clearItem('C', 'i1'), clearItem('E', 'i1')]],
  'clear delete': [COURSE, W.withThumbnail(), [clear('C'), remove('D')]],
  'clear sweep': [COURSE, W.withThumbnail(), [clear('C'), S]],
  'clear migrate': [COURSE, W.withThumbnail('local'), [clear('C'), migrate('M', 's3')]],
  'clear reconcile': [COURSE, W.orphaned(), [clear('C'), R]],
  'delete sweep': [COURSE, W.withThumbnail(), [remove('D'), S]],
  'delete migrate': [COURSE, W.withThumbnail('local'), [remove('D'), migrate('M', 's3')]],
  'delete reconcile': [COURSE, W.orphaned(), [remove('D'), R]],
  'create sweep': [IMAGE, W.worldOf({}), [A.createImage('A', measured), S]],
  'create2 sweep': [COURSE_FILES, W.worldOf({}), [A.createCourse('A'), S]],
  'create reconcile': [IMAGE, W.worldOf({}), [A.createImage('A'), R]],
  'create delete-parent': [FAMILY, W.emptyTopic(), [A.createVideo('A', 'o2'), A.remove('D', 'topic', 'o2')]],
  'create delete-self': [IMAGE, W.worldOf({}), [A.createImage('A'), A.remove('D', 'image', 'new-A')]],
  'migrate sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), S]],
  'migrate keep sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3', GRACE.graceMs), S]],
  'migrate migrate': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), migrate('N', 's3')]],
  'migrate back': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), migrate('N', 'local')]],
  'migrate reconcile': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), R]],
  'kept replace': [COURSE, W.kept(), [replace('A'), S]],
  'kept clear': [COURSE, W.kept(), [clear('C'), S]],
  'kept delete': [COURSE, W.kept(), [remove('D'), S]],
  'kept back': [COURSE, W.kept(), [migrate('N', 'local'), S]],
  'grace replace clear': [COURSE, W.withThumbnail(), [replace('A', GRACE), clear('C', GRACE)]],
  'grace replace sweep': [COURSE, W.withThumbnail(), [replace('A', GRACE), S]],
  'grace delete sweep': [COURSE, W.withThumbnail(), [remove('D', GRACE), S]],
  'sweep sweep died': [COURSE, W.died(), [S, T]],
  'sweep sweep crashed': [COURSE, W.crashed(), [S, T]],
  'sweep reconcile': [COURSE, W.crashedOrphaned(), [S, R]],
  'reconcile reconcile': [COURSE, W.orphaned(), [R, A.reconcile('Q')]],
  'crashed replace': [COURSE, W.crashed(), [replace('A'), S]],
  'crashed clear': [COURSE, W.crashed(), [clear('C'), S]],
  'crashed delete': [COURSE, W.crashed(), [remove('D'), S]],
  'family delete sweep': [FAMILY, W.family(), [A.remove('D', 'course', 'o3'), S]],
  'family delete replace': [FAMILY, W.family(), [A.remove('D', 'course', 'o3'), A.replace('A', 'VIDEO_FILE', PLACE)]],
  'family delete migrate': [
    FAMILY,
    W.family(),
    [A.remove('D', 'course', 'o3'), A.migrate('M', 'VIDEO_FILE', { to: 'local' })],
  ],

  'direct sweep': [SESSIONS, W.withThumbnail(), [direct('A'), S]],
  'direct repeated': [SESSIONS, W.withThumbnail(), [direct('A', { repeated: true }), startAgain('B', 'A')]],
  'complete sweep': [SESSIONS, W.uploaded(), [complete('A'), S]],
  'complete complete': [SESSIONS, W.uploaded(), [complete('A'), complete('B')]],
  'complete abort': [SESSIONS, W.uploaded(), [complete('A'), abort('X')]],
  'complete replace': [SESSIONS, W.uploaded(), [complete('A'), replace('B')]],
  'complete clear': [SESSIONS, W.uploaded(), [complete('A'), clear('C')]],
  'complete delete': [SESSIONS, W.uploaded(), [complete('A'), remove('D')]],
  'abort sweep': [SESSIONS, W.uploaded(), [abort('X'), S]],

  'complete complete sweep': [SESSIONS, W.uploaded(), [complete('A'), complete('B'), S]],
  'complete abort sweep': [SESSIONS, W.uploaded(), [complete('A'), abort('X'), S]],
  'complete sweep sweep': [SESSIONS, W.uploaded(), [complete('A'), S, T]],
  'complete replace sweep': [SESSIONS, W.uploaded(), [complete('A'), replace('B'), S]],
  'replace renew': [COURSE, W.withThumbnail(), [replace('A'), A.renew('W', rowOfA), S]],
  'kept replace clear': [COURSE, W.kept(), [replace('A'), clear('C'), S]],
  'migrate keep replace': [
    COURSE,
    W.withThumbnail('local'),
    [migrate('M', 's3', W.AFTER_A_DEADLINE_MS), replace('A'), S],
  ],
  'migrate keep back': [
    COURSE,
    W.withThumbnail('local'),
    [migrate('M', 's3', W.AFTER_A_DEADLINE_MS), migrate('N', 'local'), S],
  ],
  'long grace replace clear': [COURSE, W.withThumbnail(), [replace('A', LONG_GRACE), clear('C', LONG_GRACE), S]],
  'replace replace sweep': [COURSE, W.withThumbnail(), [replace('A'), replace('B'), S]],
  'replace clear sweep': [COURSE, W.withThumbnail(), [replace('A'), clear('C'), S]],
  'replace delete sweep': [COURSE, W.withThumbnail(), [replace('A'), remove('D'), S]],
  'replace sweep sweep': [COURSE, W.withThumbnail(), [replace('A'), S, T]],
  'replace migrate sweep': [COURSE, W.withThumbnail('local'), [replace('A'), migrate('M', 's3'), S]],
  'replace reconcile sweep': [COURSE, W.orphaned(), [replace('A'), R, S]],
  'replace replace clear': [COURSE, W.withThumbnail(), [replace('A'), replace('B'), clear('C')]],
  'replace replace replace': [COURSE, W.withThumbnail(), [replace('A'), replace('B'), replace('E')]],
  'replace clear delete': [COURSE, W.withThumbnail(), [replace('A'), clear('C'), remove('D')]],
  'replace clear reconcile': [COURSE, W.withThumbnail(), [replace('A'), clear('C'), R]],
  'item clear-item sweep': [VIDEO, W.withCaption(), [addItem('A'), clearItem('C', 'iA'), S]],
  'item item sweep': [VIDEO, W.withCaption(), [addItem('A'), addItem('B'), S]],
  'clear clear sweep': [COURSE, W.withThumbnail(), [clear('C'), clear('E'), S]],
  'clear replace replace': [COURSE, W.withThumbnail(), [clear('C'), replace('A'), replace('B')]],
  'delete sweep sweep': [COURSE, W.withThumbnail(), [remove('D'), S, T]],
  'create sweep sweep': [IMAGE, W.worldOf({}), [A.createImage('A'), S, T]],
  'create2 sweep sweep': [COURSE_FILES, W.worldOf({}), [A.createCourse('A'), S, T]],
  'create delete-parent sweep': [FAMILY, W.emptyTopic(), [A.createVideo('A', 'o2'), A.remove('D', 'topic', 'o2'), S]],
  'create delete-self sweep': [IMAGE, W.worldOf({}), [A.createImage('A'), A.remove('D', 'image', 'new-A'), S]],
  'create-topic delete-course sweep': [
    FAMILY,
    W.emptyTopic(),
    [A.createTopic('P', 'o3'), A.remove('D', 'course', 'o3'), S],
  ],
  'create reconcile sweep': [IMAGE, W.worldOf({}), [A.createImage('A'), R, S]],
  'migrate migrate sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), migrate('N', 's3'), S]],
  'migrate back sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), migrate('N', 'local'), S]],
  'migrate clear sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), clear('C'), S]],
  'migrate delete sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), remove('D'), S]],
  'migrate sweep sweep': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), S, T]],
  'migrate replace reconcile': [COURSE, W.withThumbnail('local'), [migrate('M', 's3'), replace('A'), R]],
  'died replace sweep': [COURSE, W.died(), [replace('A'), S, T]],
  'crashed replace sweep': [COURSE, W.crashed(), [replace('A'), S, T]],
  'crashed clear sweep': [COURSE, W.crashed(), [clear('C'), S, T]],
  'crashed replace clear': [COURSE, W.crashed(), [replace('A'), clear('C'), S]],
  'crashed migrate': [COURSE, W.crashed(), [migrate('M', 'local'), S]],
  'family delete replace sweep': [
    FAMILY,
    W.family(),
    [A.remove('D', 'course', 'o3'), A.replace('A', 'VIDEO_FILE', PLACE), S],
  ],

  'replace replace clear sweep': [COURSE, W.withThumbnail(), [replace('A'), replace('B'), clear('C'), S]],
  'replace clear delete sweep': [COURSE, W.withThumbnail(), [replace('A'), clear('C'), remove('D'), S]],
  'migrate back replace sweep': [
    COURSE,
    W.withThumbnail('local'),
    [migrate('M', 's3'), migrate('N', 'local'), replace('A'), S],
  ],
  'migrate back clear sweep': [
    COURSE,
    W.withThumbnail('local'),
    [migrate('M', 's3'), migrate('N', 'local'), clear('C'), S],
  ],
  'replace reconcile sweep sweep': [COURSE, W.orphaned(), [replace('A'), R, S, T]],
};

/** Kinds of which two in one scenario differ only by their names. */
const ALIKE = ['replace', 'clear', 'sweep', 'reconcile'];

function scenario([inert, initial, procs]) {
  // Of processes that do the same the first begins first.
  const ordered = procs.map((one, i) => {
    const after = procs.findLastIndex((other, j) => j < i && other.kind === one.kind && ALIKE.includes(one.kind));
    return after < 0 ? one : { ...one, after };
  });
  // Where nothing is ever deleted and no fence makes a tombstone, sweeps need not look for any.
  const makesTombstones = procs.some(({ kind }) => ['remove', 'create', 'createTopic'].includes(kind));
  const isSearch = (op) => op.m === 'find' && op.f?.deletedAt?.$exists === true;
  const quiet = (op) => inert(op) ?? (!makesTombstones && isSearch(op) ? [] : undefined);
  return { initial, procs: ordered, inert: quiet, inertSweep: quiet };
}

export const SCENARIOS = Object.fromEntries(Object.entries(SPECS).map(([name, spec]) => [name, scenario(spec)]));
