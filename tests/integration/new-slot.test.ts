import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '../../src/database/ids.js';
import type { StorageName } from '../../src/storage/storage.js';
import { startApp, newEnvironment, s3Environment, type TestApp } from '../support/app.js';
import { createBucket } from '../support/bucket.js';
import { fixtures, type Fixture } from '../support/fixtures.js';
import { migrateHere } from '../support/migration.js';
import { NOTEBOOK_PAGE, notebooks, NotebookModel, pageOwner, pageRules } from '../support/notebook.model.js';
import { faultsOf, letTimePass } from '../support/wholeness.js';

const furtherSlots = [{ rules: pageRules, owner: pageOwner }];
const neverAborted = new AbortController().signal;

describe.skipIf(inject('s3') === null)('a new slot needs only a row in the slot table and an owner', () => {
  let app: TestApp;

  beforeEach(async () => {
    const environment = await newEnvironment({ ...s3Environment(await createBucket()), USE_S3: 'false' });
    app = await startApp({}, environment, { furtherSlots });
  });
  afterEach(() => app.remove());

  async function notebook(): Promise<string> {
    const _id = newId();
    await NotebookModel.create({ _id, mediaRevision: 0 });
    return _id;
  }

  const upload = ({ bytes, filename, contentType }: Fixture, ownerId: string) =>
    app.app.lifeCycle.replace(
      {
        slot: NOTEBOOK_PAGE,
        place: { ownerId },
        open: async () => ({ filename, declaredType: contentType, stream: Readable.from([bytes]) }),
      },
      neverAborted,
    );

  async function keysIn(name: StorageName): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of app.app.storages.byName(name)!.list('')) keys.push(key);
    return keys;
  }

  const pageOf = async (id: string) => (await NotebookModel.findById(id).lean())!.page;

  it('to upload, refuse and replace files', async () => {
    const id = await notebook();
    const first = await upload(fixtures.png, id);
    expect(first).toMatchObject({ slot: NOTEBOOK_PAGE, size: fixtures.png.size, sha256: fixtures.png.sha256 });
    expect(first.key).toMatch(new RegExp(`^notebook-pages/${id}/`));
    await expect(upload(fixtures.video, id)).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    const second = await upload(fixtures.gif, id);
    expect(await pageOf(id)).toMatchObject({ key: second.key });
    expect(await keysIn('local')).toEqual([second.key]);
    const labels = await app.app.telemetry.metrics.text();
    expect(labels).toContain('lectern_uploads_total{slot="NOTEBOOK_PAGE",outcome="stored"} 2');
  });

  it('to clear files and to delete owners', async () => {
    const [cleared, deleted] = [await notebook(), await notebook()];
    await upload(fixtures.png, cleared);
    await upload(fixtures.gif, deleted);
    expect(await app.app.lifeCycle.clear(NOTEBOOK_PAGE, { ownerId: cleared })).toBe(true);
    expect(await app.app.lifeCycle.deleteOwner(notebooks, deleted)).toMatchObject({ id: deleted });
    await app.app.sweeper.sweep();
    expect(await keysIn('local')).toEqual([]);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });

  it('to sweep and reconcile files', async () => {
    const ownerId = newId();
    const key = `${pageRules.prefix}/${ownerId}/left-behind.png`;
    const object = { storage: 'local', key, slot: NOTEBOOK_PAGE, place: { ownerId } };
    const put = async (): Promise<void> => {
      const options = { contentType: 'image/png', maxBytes: 1_000_000, signal: neverAborted };
      await app.app.storages.local.put(key, Readable.from([fixtures.png.bytes]), options);
    };
    await app.app.journal.addPending(object, newId(), new Date(0));
    await put();
    await app.app.sweeper.sweep();
    expect(await keysIn('local')).toEqual([]);
    expect(await NotebookModel.findById(ownerId).lean()).toMatchObject({ deletedAt: expect.any(Date) });

    await put();
    const findings = [];
    for await (const finding of app.app.reconciliation.findings()) findings.push(finding);
    expect(findings).toMatchObject([{ kind: 'orphan-object', key }]);
  });

  it('to migrate files', async () => {
    const id = await notebook();
    await upload(fixtures.png, id);
    await app.stop();
    app = await startApp({ USE_S3: 'true' }, app.environment, { furtherSlots });
    expect(await migrateHere(app, 's3')).toMatchObject({ moved: 1, left: 0 });
    expect(await pageOf(id)).toMatchObject({ storage: 's3', sha256: fixtures.png.sha256 });
    await letTimePass();
    await app.app.sweeper.sweep();
    expect(await keysIn('local')).toEqual([]);
    expect(await faultsOf(app.app, app)).toEqual([]);
  });
});
