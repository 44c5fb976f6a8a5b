/** A server of the model: the product's own compiled classes, joined as the product joins them, over the model's world. */
import 'reflect-metadata';
import './current.js';
import { CourseModel } from '../../dist/catalog/course/course.model.js';
import { CourseService } from '../../dist/catalog/course/course.service.js';
import { ImageModel } from '../../dist/catalog/image/image.model.js';
import { ImageService } from '../../dist/catalog/image/image.service.js';
import { Removal } from '../../dist/catalog/removal.js';
import { slotOwners } from '../../dist/catalog/slot-owners.js';
import { TopicModel } from '../../dist/catalog/topic/topic.model.js';
import { TopicService } from '../../dist/catalog/topic/topic.service.js';
import { VideoModel } from '../../dist/catalog/video/video.model.js';
import { VideoService } from '../../dist/catalog/video/video.service.js';
import { Decision } from '../../dist/media/decision.js';
import { CompletionRun } from '../../dist/media/direct/completion-run.js';
import { Completions } from '../../dist/media/direct/completions.js';
import { SessionEnd } from '../../dist/media/direct/session-end.js';
import { SessionJournal } from '../../dist/media/direct/session-journal.js';
import { SessionPublication } from '../../dist/media/direct/session-publication.js';
import { SessionStart } from '../../dist/media/direct/session-start.js';
import { UploadSessions } from '../../dist/media/direct/upload-sessions.js';
import { Intake } from '../../dist/media/intake.js';
import { Journal } from '../../dist/media/journal/journal.js';
import { UploadRowModel } from '../../dist/media/journal/upload-row.model.js';
import { LifeCycle } from '../../dist/media/life-cycle.js';
import { ObjectDeletion } from '../../dist/media/object-deletion.js';
import { SLOTS } from '../../dist/media/slots.js';
import { FileMover } from '../../dist/media/upkeep/file-move.js';
import { Reconciliation } from '../../dist/media/upkeep/reconciliation.js';
import { Sweeper } from '../../dist/media/upkeep/sweeper.js';
import { control, ModelStorage } from './controlled.js';
import { LATE_MS, LEASE_MS, PENDING_MS } from './times.js';

control(UploadRowModel, 'media_objects');
control(CourseModel, 'courses');
control(TopicModel, 'topics');
control(VideoModel, 'videos');
control(ImageModel, 'images');

export const storages = { local: new ModelStorage('local'), s3: new ModelStorage('s3') };
export { slotOwners };

const MAX_BYTES = 1_000;
const slots = Object.fromEntries(
  Object.entries(SLOTS).map(([slot, rules]) => [slot, { ...rules, slot, maxBytes: MAX_BYTES, urlTtlSeconds: 1 }]),
);
const telemetry = {
  step: async (_name, _fields, run) => run(),
  logger: { warn() {}, trace() {}, info() {}, error() {} },
  count() {},
  uploadFailed() {},
  metrics: { uploadEnded() {}, verificationEnded() {} },
};
const storageNamed = (name) => storages[name];

/**
 * A server with instances of its own, since some keep state.
 * @param {object} options
 * @param {number} options.graceMs for how long a replaced file stays readable, in milliseconds
 * @param {boolean} options.measured whether a look into the stored bytes is a step, which can fail
 * @param {boolean} options.last whether days have passed, so that tombstones are removed: no scenario lasts that long
 */
export function server({ graceMs = 0, measured = false, last = false } = {}) {
  const journal = new Journal();
  const timing = {
    pendingDeadlineMs: PENDING_MS,
    sessionDeadlineMs: PENDING_MS,
    replacedGraceMs: graceMs,
    lateMs: LATE_MS,
  };
  const meter = {
    measure: async ({ storage, key }) => (measured ? ((await storage.request('measure', key)) ?? {}) : {}),
  };
  const owners = slotOwners;
  const deletion = new ObjectDeletion({ storageNamed, telemetry });
  const storageForNewFiles = storages.s3;
  const intake = new Intake({ storageForNewFiles, journal, deletion, slots, meter, telemetry, timing });
  const lifeCycle = new LifeCycle({ intake, journal, owners, deletion, telemetry, timing });
  const removal = new Removal(lifeCycle, telemetry);
  const removals = {
    finish: () => removal.finish(),
    removeTombstones: async (before) => (last ? removal.removeTombstones(before) : undefined),
  };
  const parts = { journal, owners, deletion, storageNamed, telemetry, removals, timing };
  const sweeper = new Sweeper({ ...parts, intervalMs: 1_000 });
  const every = Object.values(storages);
  const reconciliation = new Reconciliation({ storages: every, journal, owners, slots, deletion, timing, telemetry });
  const shared = { ...parts, storageForNewFiles, slots, meter, intake, lifeCycle, sessions: new SessionJournal() };
  return {
    ...direct(shared),
    journal,
    lifeCycle,
    removal,
    sweeper,
    reconciliation,
    mover: new FileMover({ owners, slots, intake, lifeCycle, telemetry }),
    courses: new CourseService(lifeCycle, removal, async () => []),
    topics: new TopicService(removal, async () => []),
    videos: new VideoService(lifeCycle, removal),
    images: new ImageService(lifeCycle, removal),
  };
}

/** Direct uploads, joined as src/app/direct-uploads.ts joins them. */
function direct(shared) {
  const end = new SessionEnd({ ...shared, decision: new Decision(shared) });
  const publication = new SessionPublication({ ...shared, end, insertOwner: {} });
  const run = new CompletionRun({ ...shared, publication, end });
  const completions = new Completions({ ...shared, run, timings: { completionLease: LEASE_MS } });
  const limits = { sessions: Infinity, bytes: Infinity };
  return {
    starts: new SessionStart({ ...shared, limits }),
    uploads: new UploadSessions({ ...shared, end, completions }),
  };
}
