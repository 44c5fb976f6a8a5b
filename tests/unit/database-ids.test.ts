import { v4 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { isId, newId } from '../../src/database/ids.js';

describe('isId', () => {
  it('accepts what newId returns', () => {
    for (let i = 0; i < 100; i++) expect(isId(newId())).toBe(true);
  });

  it.each(['', 'x', v4(), newId().toUpperCase(), `${newId()}0`, ` ${newId()}`, newId().replaceAll('-', '')])(
    'rejects %j',
    (text) => {
      expect(isId(text)).toBe(false);
    },
  );
});
