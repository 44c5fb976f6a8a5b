import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Environment } from '../../src/config.js';
import { LecternError } from '../../src/errors.js';
import { SLOTS } from '../../src/media/slots.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse } from '../support/client.js';
import {
  announced,
  complete,
  completed,
  sendAll,
  start as startUpload,
  uploadDirectly,
} from '../support/direct-upload.js';
import { fixtures } from '../support/fixtures.js';
import { AbortUploadDocument, CreateCourseDocument, UploadImageDocument } from '../support/gql/graphql.js';
import { errorCodes, readResponse } from '../support/graphql-client.js';
import { fileOf, graphqlParts, multipartBody, rawRequest, truncated } from '../support/multipart.js';
import { waitFor, waitUntil } from '../support/patience.js';

const TOKEN = 'a token for the scraper alone, 32 bytes';
const PRODUCTION = { NODE_ENV: 'production', HOST: 'localhost', ALLOW_EMBEDDED_DATABASE: 'true' };

let app: TestApp | undefined;
afterEach(() => app?.remove());

async function start(environment: Environment = {}): Promise<TestApp> {
  app = await startApp(environment);
  return app;
}

/** The time series of a scrape, by name and labels. */
async function scrape({ origin }: TestApp): Promise<Map<string, number>> {
  const response = await fetch(`${origin}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('/metrics', () => {
  it('counts requests, uploads by slot and outcome, bytes, signings, and the latencies of the storage', async () => {
    const running = await start();
    const ada = await clientOf(running, 'ada');
    const files = { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro };
    const course = await createCourse(ada, { title: 'Measured' }, files);
    const text = { thumbnail: fileOf('no picture', 'thumbnail.jpg', 'image/jpeg') };
    const refused = await ada.upload(CreateCourseDocument, { input: { title: 'Refused' } }, text);
    expect(errorCodes(refused)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
    await (await fetch(course.thumbnailUrl!)).arrayBuffer();
    await fetch(`${running.origin}/nothing`);

    // A request is counted when its connection has finished with it, shortly after the client has the answer.
    const refusals = 'lectern_http_requests_total{outcome="refused"}';
    await waitUntil(async () => (await scrape(running)).get(refusals) === 1);
    const seen = await scrape(running);
    const valueOf = (name: string): number => seen.get(name) ?? 0;
    expect(valueOf('lectern_uploads_total{slot="COURSE_THUMBNAIL",outcome="stored"}')).toBe(1);
    expect(valueOf('lectern_uploads_total{slot="COURSE_INTRO_VIDEO",outcome="stored"}')).toBe(1);
    expect(valueOf('lectern_uploads_total{slot="COURSE_THUMBNAIL",outcome="refused"}')).toBe(1);
    expect(valueOf('lectern_uploaded_bytes_total{slot="COURSE_THUMBNAIL"}')).toBe(fixtures.thumbnail.size);
    expect(valueOf('lectern_uploaded_bytes_total{slot="COURSE_INTRO_VIDEO"}')).toBe(fixtures.intro.size);
    expect(valueOf('lectern_url_signings_total')).toBe(2);
    expect(valueOf('lectern_http_requests_total{outcome="served"}')).toBeGreaterThanOrEqual(3);
    expect(valueOf('lectern_http_requests_total{outcome="failed"}')).toBe(0);
    expect(valueOf('lectern_storage_put_seconds_count{outcome="done"}')).toBe(2);
    expect(valueOf('lectern_storage_put_seconds_sum{outcome="done"}')).toBeGreaterThan(0);
    expect(valueOf('lectern_storage_stat_seconds_count{outcome="done"}')).toBeGreaterThanOrEqual(1);
    expect(valueOf('lectern_storage_open_seconds_count{outcome="done"}')).toBeGreaterThanOrEqual(1);
    for (const state of ['pending', 'expired', 'doomed']) {
      expect(seen.get(`lectern_journal_rows{state="${state}"}`)).toBe(0);
    }
    expect([...seen.keys()].some((name) => name.startsWith('nodejs_eventloop_lag_p99_seconds'))).toBe(true);
    expect(seen.has('process_resident_memory_bytes')).toBe(true);
  });

  it('distinguishes interrupted, failed and refused uploads, and an unavailable storage', async () => {
    const running = await start();
    const ada = await clientOf(running, 'ada');
    const parts = graphqlParts({
      document: UploadImageDocument,
      variables: { file: null },
      files: { file: fixtures.thumbnail },
    });
    const whole = multipartBody(parts);
    await rawRequest(running.url, {
      body: truncated(whole, whole.size - 1_000),
      token: ada.token,
      afterwards: 'reset',
    });
    await waitFor(async () => {
      const seen = await scrape(running);
      expect(seen.get('lectern_uploads_total{slot="IMAGE",outcome="broken_off"}')).toBe(1);
      expect(seen.get('lectern_http_requests_total{outcome="left"}')).toBe(1);
    });

    vi.spyOn(running.app.storages.current, 'put').mockRejectedValue(new LecternError('STORAGE_UNAVAILABLE'));
    const failed = await ada.upload(UploadImageDocument, { file: null }, { file: fixtures.png });
    expect(errorCodes(failed)).toEqual(['STORAGE_UNAVAILABLE']);
    const seen = await scrape(running);
    expect(seen.get('lectern_uploads_total{slot="IMAGE",outcome="failed"}')).toBe(1);
    expect(seen.get('lectern_storage_put_seconds_count{outcome="unavailable"}')).toBe(1);
    expect(seen.get('lectern_uploaded_bytes_total{slot="IMAGE"}')).toBe(0);
  });

  it('has a fixed set of time series, whatever clients send', async () => {
    const running = await start();
    const before = await scrape(running);
    for (let i = 0; i < 20; i++) {
      await fetch(`${running.origin}/nothing/${i}`, {
        method: i % 2 ? 'PUT' : 'GET',
        headers: { 'x-request-id': `i${i}` },
      });
      await fetch(`${running.origin}/media/video/${i}`);
    }
    const lecterns = [...(await scrape(running)).keys()].filter((name) => name.startsWith('lectern_'));
    expect(lecterns.filter((name) => !before.has(name)).sort()).toEqual([
      'lectern_http_requests_total{outcome="refused"}',
      'lectern_http_requests_total{outcome="served"}',
    ]);
    const labels = lecterns.flatMap((name) =>
      Array.from(name.matchAll(/(\w+)="([^"]*)"/g), ([, label, value]) => [label, value] as const),
    );
    const allowed: Record<string, readonly string[]> = {
      slot: Object.keys(SLOTS),
      state: ['pending', 'expired', 'doomed', 'ended'],
      status: ['WAITING', 'VERIFYING', 'PUBLISHED', 'FAILED', 'ABORTED', 'EXPIRED'],
      outcome: ['served', 'refused', 'failed', 'left', 'stored', 'broken_off', 'done', 'unavailable', 'rejected'],
    };
    for (const [label, value] of labels) {
      // The upper bounds of histogram buckets.
      if (label !== 'le') expect(allowed[label!]).toContain(value);
    }
  });

  it("counts the journal's rows by state at each scrape", async () => {
    const running = await start();
    const object = {
      storage: 'local' as const,
      key: 'images/x/y.png',
      slot: 'IMAGE' as const,
      place: { ownerId: 'x' },
    };
    await running.app.journal.addPending(object, 'batch', new Date(Date.now() + 60_000));
    expect((await scrape(running)).get('lectern_journal_rows{state="pending"}')).toBe(1);
    await running.app.journal.remove([object]);
    expect((await scrape(running)).get('lectern_journal_rows{state="pending"}')).toBe(0);
  });

  it('counts direct uploads by status, and how long their verification took', async () => {
    const running = await start();
    const ada = await clientOf(running, 'ada');
    const wanted = { ...announced(fixtures.png), slot: 'IMAGE' as const };
    const sessions = async () =>
      Object.fromEntries(
        Array.from(await scrape(running), ([name, value]) => [
          /upload_sessions\{status="(\w+)"/.exec(name)?.[1],
          value,
        ]),
      ) as Record<string, number>;
    const none = { WAITING: 0, VERIFYING: 0, PUBLISHED: 0, FAILED: 0, ABORTED: 0, EXPIRED: 0 };
    expect(await sessions()).toMatchObject(none);
    const waiting = await startUpload(ada, wanted);
    expect(await sessions()).toMatchObject({ ...none, WAITING: 1 });
    expect(errorCodes(await complete(ada, waiting.id))).toEqual(['UPLOAD_INCOMPLETE']);
    await ada.send(AbortUploadDocument, { id: waiting.id });
    expect((await uploadDirectly(ada, fixtures.png, { slot: 'IMAGE' })).status).toBe('PUBLISHED');
    const refused = await startUpload(ada, { ...wanted, sha256: '0'.repeat(64) });
    await sendAll(ada, refused, fixtures.png.bytes);
    expect((await completed(ada, refused.id)).status).toBe('FAILED');
    expect(await sessions()).toMatchObject({ ...none, ABORTED: 1, PUBLISHED: 1, FAILED: 1 });
    const seen = await scrape(running);
    for (const outcome of ['stored', 'refused', 'failed']) {
      expect(seen.get(`lectern_upload_verification_seconds_count{outcome="${outcome}"}`)).toBe(1);
    }
    expect(seen.get('lectern_upload_verification_seconds_sum{outcome="stored"}')).toBeGreaterThan(0);
    expect(seen.get('lectern_uploads_total{slot="IMAGE",outcome="stored"}')).toBe(1);
    expect(seen.get('lectern_uploads_total{slot="IMAGE",outcome="refused"}')).toBe(1);
  });

  it("answers without the journal's metrics when the database fails or does not answer", async () => {
    const running = await start();
    for (const ask of [() => Promise.reject(new Error('no database')), () => new Promise<never>(() => undefined)]) {
      vi.spyOn(running.app.journal, 'countByState').mockImplementation(ask);
      const seen = await scrape(running);
      expect(seen.has('process_resident_memory_bytes')).toBe(true);
      expect([...seen.keys()].filter((name) => name.startsWith('lectern_journal_rows'))).toEqual([]);
    }
  });

  it('starts at zero for each server, also within one process', async () => {
    const first = await start();
    await fetch(`${first.origin}/nothing`);
    await first.remove();
    const second = await start();
    expect((await scrape(second)).get('lectern_http_requests_total{outcome="refused"}')).toBeUndefined();
  });
});

describe('access to /metrics', () => {
  const ask = async ({ origin }: TestApp, authorization?: string): Promise<[number, string | null]> => {
    const response = await fetch(`${origin}/metrics`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    const text = await response.text();
    return [
      response.status,
      text.startsWith('# HELP') ? 'metrics' : (errorCodes(await readResponse(new Response(text)))[0] ?? null),
    ];
  };

  it('is open outside production', async () => {
    expect(await ask(await start())).toEqual([200, 'metrics']);
  });

  it('is closed in production without METRICS_TOKEN', async () => {
    const running = await start(PRODUCTION);
    for (const header of [undefined, 'Bearer ', 'Bearer undefined']) {
      expect(await ask(running, header)).toEqual([404, 'NOT_FOUND']);
    }
  });

  it.each<[string, Environment]>([
    ['in production', PRODUCTION],
    ['elsewhere', {}],
  ])('requires METRICS_TOKEN when it is set, %s', async (_where, environment) => {
    const running = await start({ ...environment, METRICS_TOKEN: TOKEN });
    expect(await ask(running, `Bearer ${TOKEN}`)).toEqual([200, 'metrics']);
    expect(await ask(running, `bearer ${TOKEN}`)).toEqual([200, 'metrics']);
    for (const header of [
      undefined,
      TOKEN,
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      'Bearer',
    ]) {
      expect(await ask(running, header)).toEqual([404, 'NOT_FOUND']);
    }
  });
});
