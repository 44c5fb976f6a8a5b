/**
 * What each step is for: takes one step out of the compiled classes, and searches where that must be found. `npm run
 * test:model -- --ablations` runs all of them. Each has:
 * - `file`: under dist/; `replace`: [text, its replacement], each once
 * - `scenario`, and the options of its search that differ from no fault, timely
 */

/** @type {Record<string, { file: string, replace: [string, string][], scenario: string, options: object }>} */
export const ABLATIONS = {
  'publish: no touch': {
    file: 'media/life-cycle.js',
    replace: [["!(await telemetry.step('touch', object, touch))", 'false']],
    scenario: 'replace sweep',
    options: { paused: true },
  },
  'publish: touch before the read': {
    file: 'media/life-cycle.js',
    replace: [
      [
        'for (let attempt = 0;; attempt++) {',
        `for (let attempt = 0;; attempt++) {
           const early = new Date(Date.now() + timing.pendingDeadlineMs);
           const touched = await journal.touch(object, early);`,
      ],
      ["!(await telemetry.step('touch', object, touch))", '!touched'],
    ],
    scenario: 'replace sweep',
    options: { paused: true },
  },
  'publish: no touch by a migration': {
    file: 'media/life-cycle.js',
    replace: [["!(await telemetry.step('touch', object, touch))", 'false']],
    scenario: 'migrate sweep',
    options: { paused: true },
  },
  'publish: a released key is no success': {
    file: 'media/life-cycle.js',
    replace: [
      [
        'if (state && accountsFor(state, object))',
        'if (state && state.files.some(({ file: one }) => one.key === object.key))',
      ],
    ],
    scenario: 'replace clear',
    options: { faults: 1 },
  },
  'publish: UPLOAD_EXPIRED after an update was sent': {
    file: 'media/life-cycle.js',
    replace: [["attempt > 0 ? 'DATABASE_UNAVAILABLE' : 'UPLOAD_EXPIRED'", "'UPLOAD_EXPIRED'"]],
    scenario: 'replace clear sweep',
    options: { faults: 1, kinds: ['db-twice'], paused: true, ticks: [1, 0] },
  },
  'publish: entries are due without LATE': {
    file: 'media/life-cycle.js',
    replace: [['Math.max(keepMs, this.parts.timing.lateMs)', 'keepMs']],
    scenario: 'replace clear sweep',
    options: { faults: 1 },
  },
  'upload: no look at the clock before the PUT': {
    file: 'media/intake.js',
    replace: [['deadline.getTime() - Date.now() < timing.lateMs', 'false']],
    scenario: 'replace sweep',
    options: { faults: 1, paused: true },
  },
  'discard: the object, then the row, and none for LATE': {
    file: 'media/intake.js',
    replace: [
      ["await telemetry.step('discard', object, () => journal.discard(object, due));", ''],
      [
        'await deletion.attempt([object], { unfinished: true });',
        `await deletion.attempt([object], { unfinished: true });
         await journal.remove([object]).catch(() => undefined);`,
      ],
    ],
    scenario: 'replace sweep',
    options: { faults: 1 },
  },
  'discard: the row is due at once': {
    file: 'media/intake.js',
    replace: [['new Date(Date.now() + timing.lateMs)', 'new Date(Date.now())']],
    scenario: 'replace sweep',
    options: { faults: 1 },
  },
  'sweep: no fence, a read': {
    file: 'media/decision.js',
    replace: [
      ['owner.collection.fence(row.ownerId)', 'owner.collection.read(row.ownerId)'],
      ['accountsFor(fenced, row)', 'fenced && accountsFor(fenced, row)'],
    ],
    scenario: 'replace sweep',
    options: { paused: true },
  },
  'sweep: no state expired': {
    file: 'media/journal/journal.js',
    replace: [
      ["$set: { state: 'expired',", "$set: { state: 'pending',"],
      ["_id: objectId(row), state: 'expired' }, {", "_id: objectId(row), state: 'pending' }, {"],
    ],
    scenario: 'replace sweep',
    options: { paused: true },
  },
  'sweep: a released key is not published': {
    file: 'media/decision.js',
    replace: [['accountsFor(fenced, row)', 'fenced.files.some(({ file }) => file.key === row.key)']],
    scenario: 'long grace replace clear',
    options: { faults: 1 },
  },
  'sweep: the row of a released object stays': {
    file: 'media/upkeep/sweep.js',
    replace: [['await journal.remove(objects);', '']],
    scenario: 'replace clear sweep',
    options: { faults: 1, kinds: ['db-twice'], paused: true },
  },
  'sweep: deletions are not finished': {
    file: 'media/upkeep/sweep.js',
    replace: [['await removals.finish();', '']],
    scenario: 'family delete sweep',
    options: { faults: 1 },
  },
  'clear: takes out whatever is there': {
    file: 'media/life-cycle.js',
    replace: [['if (cleared !== undefined && cleared !== fileId(file))', 'if (false)']],
    scenario: 'replace clear',
    options: { faults: 1 },
  },
  'migrate: publishes whatever the place holds': {
    file: 'media/upkeep/file-move.js',
    replace: [['state.file !== null && isSameObject(state.file, file)', 'true']],
    scenario: 'replace migrate',
    options: {},
  },
  'reconcile: asks the owner, then the journal, once': {
    file: 'media/upkeep/orphan-search.js',
    replace: [
      [
        'left = await this.unjournalled(left);\n        left = await this.unowned(slot, left);',
        'left = await this.unjournalled(left);',
      ],
      ['return (await this.orphansAmong(storage, object.slot, [object])).length === 1;', 'return true;'],
    ],
    scenario: 'replace reconcile',
    options: {},
  },
  'direct: the sweep deletes before it ends the upload': {
    file: 'media/upkeep/sweep.js',
    replace: [
      [
        'await deletion.endUploads(objects);\n        await deletion.delete(objects);',
        'await deletion.delete(objects);\n        await deletion.endUploads(objects);',
      ],
    ],
    scenario: 'complete sweep',
    options: { paused: true },
  },
  'direct: no touch': {
    file: 'media/life-cycle.js',
    replace: [["!(await telemetry.step('touch', object, touch))", 'false']],
    scenario: 'complete abort',
    options: {},
  },
  'direct: a start that is repeated continues the one of another server': {
    file: 'media/direct/session-start.js',
    replace: [
      [
        'if (before)\n                await this.supersede(before);',
        'if (before)\n                return (await this.begin(before, direct)) ?? this.begunElsewhere(request);',
      ],
      ['(row.deadline?.getTime() ?? 0) - Date.now() < timing.lateMs', 'false'],
    ],
    scenario: 'direct repeated',
    options: { faults: 1, kinds: ['crash'] },
  },
};
