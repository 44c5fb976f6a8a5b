import { describe, expect, test } from 'vitest';
import type { SignedUrl, Storage } from '../../src/storage/storage.js';
import { newKey, putText } from './storage.contract.js';

const SECOND = 1000;
const DISPOSITION = `attachment; filename="lesson (1).mp4"; filename*=UTF-8''le%C3%A7on.mp4`;

/** The contract of every storage for signed URLs. */
export function describeSignedUrls(subject: () => Storage): void {
  const sign = async (key: string, secondsOld = 0, lifetime = 60): Promise<SignedUrl> => {
    const signedAt = new Date(Date.now() - secondsOld * SECOND);
    const expiresAt = new Date(signedAt.getTime() + lifetime * SECOND);
    return subject().signGet(key, { signedAt, expiresAt, disposition: DISPOSITION, contentType: 'video/mp4' });
  };

  describe('a signed URL', () => {
    test('serves the object with the content type and disposition that were signed', async () => {
      const key = newKey("it's (1) final.mp4");
      await putText(subject(), key, 'moving pictures');
      const response = await fetch((await sign(key)).url);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('video/mp4');
      expect(response.headers.get('content-disposition')).toBe(DISPOSITION);
      expect(response.headers.get('content-length')).toBe('15');
      expect(await response.text()).toBe('moving pictures');
    });

    test('serves ranges, so that a player can seek', async () => {
      const key = newKey();
      await putText(subject(), key, '0123456789');
      const response = await fetch((await sign(key)).url, { headers: { Range: 'bytes=2-5' } });
      expect(response.status).toBe(206);
      expect(response.headers.get('content-range')).toBe('bytes 2-5/10');
      expect(await response.text()).toBe('2345');
    });

    test('is the same for the same signing time, so that caches can use it', async () => {
      const key = newKey();
      const signedAt = new Date();
      const life = { signedAt, expiresAt: new Date(signedAt.getTime() + 60 * SECOND) };
      const options = { ...life, disposition: DISPOSITION, contentType: 'video/mp4' };
      expect(await subject().signGet(key, options)).toEqual(await subject().signGet(key, options));
    });

    test('is returned with its expiry, at most a second earlier than asked and never later', async () => {
      const signedAt = new Date();
      const { expiresAt } = await sign(newKey());
      const asked = signedAt.getTime() + 60 * SECOND;
      expect(expiresAt.getTime()).toBeGreaterThan(asked - SECOND);
      expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 60 * SECOND);
    });

    test('that was signed in the past works until it expires, and not after', async () => {
      const key = newKey();
      await putText(subject(), key, 'x');
      expect((await fetch((await sign(key, 50, 60)).url)).status).toBe(200);
      expect((await fetch((await sign(key, 62, 60)).url)).status).toBe(403);
    });

    test('is refused when a parameter is changed or removed, and ignores added ones', async () => {
      const key = newKey();
      await putText(subject(), key, 'x');
      const { url } = await sign(key);
      expect((await fetch(url)).status).toBe(200);
      for (const name of new URL(url).searchParams.keys()) {
        const changed = new URL(url);
        changed.searchParams.set(name, `${changed.searchParams.get(name) ?? ''}1`);
        expect([name, await refused(changed)]).toEqual([name, true]);
        const without = new URL(url);
        without.searchParams.delete(name);
        expect([name, await refused(without)]).toEqual([name, true]);
      }
      const withMore = new URL(url);
      withMore.searchParams.set('response-content-type', 'text/html');
      expect((await fetch(withMore)).headers.get('content-type')).not.toBe('text/html');
    });

    test('does not give access to another object', async () => {
      const [key, other] = [newKey(), newKey()];
      for (const stored of [key, other]) await putText(subject(), stored, 'x');
      const { url } = await sign(key);
      const elsewhere = new URL(url);
      elsewhere.pathname = elsewhere.pathname.replace(key, other);
      expect(elsewhere.href).not.toBe(url);
      expect((await fetch(elsewhere)).status).toBe(403);
    });

    test('of a missing object answers 404, and an unsigned URL answers 403', async () => {
      const [absent, key] = [newKey(), newKey()];
      await putText(subject(), key, 'x');
      expect((await fetch((await sign(absent)).url)).status).toBe(404);
      expect((await fetch(subject().canonicalUrl(key))).status).toBe(403);
      expect((await sign(key)).url.startsWith(`${subject().canonicalUrl(key)}?`)).toBe(true);
    });

    test('allows reading only, neither writing nor deleting', async () => {
      const key = newKey();
      await putText(subject(), key, 'x');
      const { url } = await sign(key);
      for (const method of ['PUT', 'DELETE', 'POST']) {
        const response = await fetch(url, { method, ...(method === 'DELETE' ? {} : { body: 'y' }) });
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.status).toBeLessThan(500);
      }
      expect(await (await fetch(url)).text()).toBe('x');
    });
  });

  const refused = async (url: URL): Promise<boolean> => [400, 403].includes((await fetch(url)).status);
}
