import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FileGrant, FileTokens } from '../../src/storage/file-token.js';

const SECRET = 'a secret of at least thirty-two bytes';
const tokens = new FileTokens(SECRET);
const expiresAt = new Date('2030-01-01T00:00:00.123Z');
const inTime = expiresAt.getTime() - 1;
const grant: FileGrant = {
  purpose: 'get',
  method: 'GET',
  key: 'videos/owner/lesson.mp4',
  expiresAt,
  disposition: 'inline; filename="lesson.mp4"',
  contentType: 'video/mp4',
};
const { purpose, method, key } = grant;

describe('a file token', () => {
  test('returns the signed grant', () => {
    const query = new URLSearchParams(tokens.sign(grant).toString());
    expect(tokens.verify({ purpose, method, key, query }, inTime)).toEqual({ valid: true, grant });
  });

  test('is valid with the same secret as text or as bytes, and with no other', () => {
    const query = tokens.sign(grant);
    expect(new FileTokens(Buffer.from(SECRET)).verify({ purpose, method, key, query }, inTime).valid).toBe(true);
    expect(new FileTokens(`${SECRET}!`).verify({ purpose, method, key, query }, inTime)).toEqual({
      valid: false,
      reason: 'tampered',
    });
  });

  test('of the previous secret stays valid, and new tokens are signed with the current one', () => {
    const changed = new FileTokens('another secret of thirty-two bytes', [SECRET]);
    const query = tokens.sign(grant);
    expect(changed.verify({ purpose, method, key, query }, inTime)).toEqual({ valid: true, grant });
    expect(changed.verify({ purpose, method, key, query }, expiresAt.getTime())).toMatchObject({ reason: 'expired' });
    expect(tokens.verify({ purpose, method, key, query: changed.sign(grant) }, inTime)).toMatchObject({ valid: false });
    const forged = new FileTokens('a third secret of thirty-two bytes').sign(grant);
    expect(changed.verify({ purpose, method, key, query: forged }, inTime)).toMatchObject({ reason: 'tampered' });
  });

  test('expires at the exact millisecond', () => {
    const query = tokens.sign(grant);
    expect(tokens.verify({ purpose, method, key, query }, expiresAt.getTime() - 1).valid).toBe(true);
    expect(tokens.verify({ purpose, method, key, query }, expiresAt.getTime())).toEqual({
      valid: false,
      reason: 'expired',
    });
  });

  test('with a lifetime of a second is valid for that second', () => {
    const now = Date.now();
    const query = tokens.sign({ ...grant, expiresAt: new Date(now + 1000) });
    expect(tokens.verify({ purpose, method, key, query }).valid).toBe(true);
    expect(tokens.verify({ purpose, method, key, query }, now + 1000).valid).toBe(false);
  });

  test.each(['expires', 'disposition', 'type', 'signature'])(
    'is invalid when its %s is changed, missing or given twice',
    (name) => {
      const changed = tokens.sign(grant);
      changed.set(name, name === 'expires' ? String(expiresAt.getTime() + 1) : `${changed.get(name) ?? ''}x`);
      expect(tokens.verify({ purpose, method, key, query: changed }, inTime)).toEqual({
        valid: false,
        reason: 'tampered',
      });
      const missing = tokens.sign(grant);
      missing.delete(name);
      expect(tokens.verify({ purpose, method, key, query: missing }, inTime)).toEqual({
        valid: false,
        reason: 'malformed',
      });
      const twice = tokens.sign(grant);
      twice.append(name, twice.get(name) ?? '');
      expect(tokens.verify({ purpose, method, key, query: twice }, inTime)).toEqual({
        valid: false,
        reason: 'malformed',
      });
    },
  );

  test('is invalid when any character of its signature is changed', () => {
    const signature = tokens.sign(grant).get('signature')!;
    for (let index = 0; index < signature.length; index++) {
      for (const other of 'ABab01-_') {
        if (other === signature[index]) continue;
        const query = tokens.sign(grant);
        query.set('signature', signature.slice(0, index) + other + signature.slice(index + 1));
        expect(tokens.verify({ purpose, method, key, query }, inTime).valid).toBe(false);
      }
    }
  });

  test('is invalid for another key, and when text is moved from one value to the next', () => {
    const query = tokens.sign(grant);
    expect(tokens.verify({ purpose, method, key: `${key}x`, query }, inTime).valid).toBe(false);
    const shifted = tokens.sign({ ...grant, disposition: 'inline","video/mp4', contentType: '' });
    const original = tokens.sign({ ...grant, disposition: 'inline', contentType: 'video/mp4' });
    expect(shifted.get('signature')).not.toBe(original.get('signature'));
  });

  test.each(['', '-1', '0', '1e99', '9'.repeat(400), ' 1893456000123', '0x1', 'NaN', '１２'])(
    'with the expiry %j is malformed',
    (expires) => {
      const query = tokens.sign(grant);
      query.set('expires', expires);
      expect(tokens.verify({ purpose, method, key, query }, inTime)).toEqual({ valid: false, reason: 'malformed' });
    },
  );

  test('with any values is refused without an exception', () => {
    const text = fc.string({ unit: 'binary' });
    const digits = fc.stringMatching(/^[0-9]{1,20}$/);
    fc.assert(
      fc.property(text, fc.oneof(text, digits), text, text, text, (anyKey, expires, disposition, type, signature) => {
        const query = new URLSearchParams({ expires, disposition, type, signature });
        expect(tokens.verify({ purpose, method, key: anyKey, query }).valid).toBe(false);
      }),
    );
  });

  test('of any grant is valid after a round trip through a URL, and invalid when any part is changed', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const anyGrant = fc.record({
      key: text,
      expiresAt: fc.date({ min: new Date(inTime), max: new Date('9999-12-31'), noInvalidDate: true }),
      disposition: text,
      contentType: text,
    });
    fc.assert(
      fc.property(anyGrant, anyGrant, fc.constantFrom('key', 'expires', 'disposition', 'type'), (one, other, part) => {
        const signed = { purpose, method, ...one };
        const query = new URLSearchParams(new URL(`http://host/?${tokens.sign(signed).toString()}`).search);
        expect(tokens.verify({ purpose, method, key: one.key, query }, inTime - 1)).toEqual({
          valid: true,
          grant: signed,
        });
        const values = { expires: other.expiresAt.getTime(), disposition: other.disposition, type: other.contentType };
        if (part !== 'key') query.set(part, String(values[part]));
        const key = part === 'key' ? other.key : one.key;
        const isSame = tokens.sign({ ...signed, key }).toString() === query.toString() && key === one.key;
        expect(tokens.verify({ purpose, method, key, query }, inTime - 1).valid).toBe(isSame);
      }),
      { numRuns: 1_000 },
    );
  });

  test('in any query text is refused without an exception', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'expires=',
        'signature=',
        'disposition=',
        'type=',
        '&',
        '=',
        '%',
        '%00',
        '+',
        '1893456000123',
        '[]',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const query = new URLSearchParams(pieces.join(''));
        expect(tokens.verify({ purpose, method, key, query }, inTime)).toMatchObject({ valid: false });
      }),
      { numRuns: 1_000 },
    );
  });

  test('cannot be signed without a valid expiry', () => {
    expect(() => tokens.sign({ ...grant, expiresAt: new Date(NaN) })).toThrow(RangeError);
  });
});
