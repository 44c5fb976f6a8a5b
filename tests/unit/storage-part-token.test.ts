import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FileTokens, type PartGrant } from '../../src/storage/file-token.js';

const SECRET = 'a secret of at least thirty-two bytes';
const tokens = new FileTokens(SECRET);
const expiresAt = new Date('2030-01-01T00:00:00.123Z');
const inTime = expiresAt.getTime() - 1;
const grant: PartGrant = {
  key: 'videos/owner/lesson.mp4',
  uploadId: '1700000000000-5f0c',
  number: 3,
  offset: 16_777_216,
  size: 8_388_608,
  md5: '1B2M2Y8AsgTpgAmY7PhCfg==',
  expiresAt,
};

function verify(query: URLSearchParams, changed: { key?: string; md5?: string | undefined } = {}, now = inTime) {
  const { key, md5 } = { ...grant, ...changed };
  return tokens.verifyPart({ key, query, md5 }, now);
}

describe('a part token', () => {
  test('returns the signed grant, with an MD5 and without', () => {
    const { md5: _none, ...without } = grant;
    expect(verify(new URLSearchParams(tokens.signPart(grant).toString()))).toEqual({ valid: true, grant });
    expect(verify(tokens.signPart(without), { md5: undefined })).toEqual({
      valid: true,
      grant: without,
    });
  });

  test('is invalid for another key, for another or no MD5, and for an MD5 that was not signed', () => {
    const { md5: _none, ...without } = grant;
    const tampered = { valid: false, reason: 'tampered' };
    expect(verify(tokens.signPart(grant), { key: 'videos/owner/other.mp4' })).toEqual(tampered);
    expect(verify(tokens.signPart(grant), { md5: 'AAAAAAAAAAAAAAAAAAAAAA==' })).toEqual(tampered);
    expect(verify(tokens.signPart(grant), { md5: undefined })).toEqual(tampered);
    expect(verify(tokens.signPart(without))).toEqual(tampered);
  });

  test.each(['upload', 'part', 'offset', 'size', 'expires', 'signature'])(
    'is invalid when "%s" is missing, changed or given twice',
    (name) => {
      const missing = tokens.signPart(grant);
      missing.delete(name);
      const changed = tokens.signPart(grant);
      changed.set(name, `1${changed.get(name) ?? ''}`);
      const twice = tokens.signPart(grant);
      twice.append(name, twice.get(name) ?? '');
      for (const query of [missing, changed, twice]) expect(verify(query).valid).toBe(false);
    },
  );

  test.each(['-1', '01', '1.5', '1e3', '0x10', ' 1', '', '9007199254740993'])('refuses %j as a number', (text) => {
    const query = tokens.signPart(grant);
    query.set('size', text);
    expect(verify(query)).toEqual({ valid: false, reason: 'malformed' });
  });

  test('expires at the exact millisecond', () => {
    expect(verify(tokens.signPart(grant), {}, expiresAt.getTime() - 1).valid).toBe(true);
    expect(verify(tokens.signPart(grant), {}, expiresAt.getTime())).toEqual({ valid: false, reason: 'expired' });
  });

  test('cannot be made from a file token: it is signed with a separate key', () => {
    const { key } = grant;
    const reading = tokens.sign({ purpose: 'get', method: 'GET', key, expiresAt, disposition: '', contentType: '' });
    const query = tokens.signPart(grant);
    query.set('signature', reading.get('signature') ?? '');
    expect(verify(query)).toEqual({ valid: false, reason: 'tampered' });
  });

  test('in any query is refused without an exception', () => {
    const name = fc.constantFrom('upload', 'part', 'offset', 'size', 'expires', 'signature', 'other');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'binary' }))), (pairs) => {
        expect(verify(new URLSearchParams(pairs)).valid).toBe(false);
      }),
    );
  });
});
