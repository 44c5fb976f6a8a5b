/**
 * What processes do. `kind` says what a process may do to an owner; `uploads` are the bytes of the file that it makes
 * live.
 */
import { recogniseDatabaseError } from '../../dist/database/database-errors.js';
import { LecternError } from '../../dist/errors.js';
import { endOf, statusOf } from '../../dist/media/direct/session-row.js';
import { FileLeftError } from '../../dist/media/upkeep/file-copy.js';
import { sha256Of, textOf } from './bytes.js';
import { ModelDate } from './current.js';
import { server, slotOwners, storages } from './server.js';
import { PENDING_MS } from './times.js';

const { signal: never } = new globalThis.AbortController();

function upload(name) {
  const text = textOf(name);
  return { open: async () => ({ filename: name, text, sha256: sha256Of(text) }) };
}
const context = () => ({ requestId: 'r', signal: never, viewer: { id: 'ada', role: 'admin' } });
const uploads = (name) => sha256Of(textOf(name));

export const replace = (name, slot, place, options) => ({
  name,
  kind: 'replace',
  uploads: uploads(name),
  run: () => server(options).lifeCycle.replace({ slot, place, ...upload(name) }, never),
});

export const createImage = (name, options) => ({
  name,
  kind: 'create',
  uploads: uploads(name),
  run: () => server(options).images.upload(context(), upload(name), null),
});

/** Two files at once. */
export const createCourse = (name, options) => ({
  name,
  kind: 'create',
  uploads: uploads(name),
  run: () => {
    const files = { thumbnail: upload(name), introVideo: upload(`${name}2`) };
    return server(options).courses.create(context(), { title: 't' }, files);
  },
});

export const createVideo = (name, topicId, options) => ({
  name,
  kind: 'create',
  uploads: uploads(name),
  run: () => server(options).videos.create(context(), topicId, { title: 't' }, { file: upload(name) }),
});

export const createTopic = (name, courseId, options) => ({
  name,
  kind: 'createTopic',
  run: () => server(options).topics.create(context(), courseId, { title: 't' }),
});

export const clear = (name, slot, place, options) => ({
  name,
  kind: 'clear',
  run: () => server(options).lifeCycle.clear(slot, place),
});

/** @param {'course' | 'topic' | 'video' | 'image'} what */
export const remove = (name, what, id, options) => ({
  name,
  kind: 'remove',
  removes: `${what}s/${id}`,
  run: () => server(options).removal[what](id),
});

export const sweep = (name, options) => ({ name, kind: 'sweep', run: () => server(options).sweeper.sweep() });

/** An upload whose bytes move postpones the deadline of its row. */
export const renew = (name, object) => ({
  name,
  kind: 'renew',
  run: () => server().journal.touch(object, new ModelDate(ModelDate.now() + PENDING_MS)),
});

/**
 * `reconcile --delete-orphans`, whatever the age of the objects. Its first passes only read and count: what deletes is
 * this loop of reconciliation.ts.
 */
export const reconcile = (name, options) => ({
  name,
  kind: 'reconcile',
  run: async () => {
    const { reconciliation } = server(options);
    for (const storage of Object.values(storages)) {
      for await (const orphan of reconciliation.orphans.objects(storage, () => undefined)) {
        await reconciliation.delete(storage, orphan);
      }
    }
  },
});

/** One run of `migrate-storage` for the files of one slot: as migration.ts, without its counting and its lease. */
export const migrate = (name, slot, { to, keepMs = 0, ...options }) => ({
  name,
  kind: 'migrate',
  run: async () => {
    const { mover } = server(options);
    const [source, target] = to === 's3' ? [storages.local, storages.s3] : [storages.s3, storages.local];
    let left = 0;
    for await (const { place, file } of slotOwners[slot].files()) {
      if (file.storage !== source.name) continue;
      try {
        await mover.move({ place, file, source, target, keepMs, signal: never, onBytes() {} });
      } catch (error) {
        const unavailable = error instanceof LecternError && error.code === 'STORAGE_UNAVAILABLE';
        if (!(error instanceof FileLeftError) && !unavailable) throw error;
        left += 1;
      }
    }
    return left;
  },
});

/** The answer that a client has of a session: its end. An open session may still end in any way. */
function answerOf(row) {
  if (row && statusOf(row) === 'PUBLISHED') return;
  throw (row && endOf(row)) ?? new LecternError('DATABASE_UNAVAILABLE');
}

/** Asks a server to do something with a session; if that fails, asks how the session is. */
async function ask({ uploads: sessions }, id, what) {
  const row = await sessions.find(id);
  if (!row) throw new LecternError('DATABASE_UNAVAILABLE');
  try {
    answerOf(await what(row));
  } catch (error) {
    if (!(error instanceof LecternError) && !recogniseDatabaseError(error)) throw error;
    answerOf(await sessions.find(id));
  }
}

/** The completion of the session with this id, whose parts are there. */
export const complete = (name, id, options) => ({
  name,
  kind: 'replace',
  uploads: uploads(id),
  run: () => {
    const one = server(options);
    return ask(one, id, (row) => one.uploads.complete(row));
  },
});

export const abort = (name, id) => ({
  name,
  kind: 'abort',
  uploads: uploads(id),
  run: () => {
    const one = server();
    return ask(one, id, (row) => one.uploads.abort(row));
  },
});

/** What a client announces of a file with these bytes. */
const announced = (name, slot, place) => ({
  ...{ slot, place, makerId: 'ada', filename: name, declaredType: '' },
  ...{ size: textOf(name).length, inputHash: 'h' },
});

/** The request that starts the upload of this file again, on another server: its client has waited too long. */
export const startAgain = (name, file, slot, place) => ({
  name,
  kind: 'start',
  run: () => server().starts.start({ ...announced(file, slot, place), idempotencyKey: file }),
});

/** A whole direct upload. One that is `repeated` may be started again. */
export const direct = (name, slot, place, { repeated, ...options } = {}) => ({
  name,
  kind: 'replace',
  uploads: uploads(name),
  run: async () => {
    const one = server(options);
    const wanted = { ...announced(name, slot, place), ...(repeated && { idempotencyKey: name }) };
    const { storage, key, session } = await one.starts.start(wanted);
    const part = { id: session.uploadId, text: textOf(name) };
    await storages[storage].request('part', key, part).catch(() => undefined);
    await ask(one, session.id, (row) => one.uploads.complete(row));
  },
});
