import { expect, it } from 'vitest';
import { withOwner } from '../../src/backup/snapshot-records.js';
import type { StoredRecord } from '../../src/database/record-stream.js';

async function* streamOf(records: readonly StoredRecord[]): AsyncGenerator<StoredRecord> {
  yield* records;
}

it.each([1, 2, 3, 4, 100])(
  'yields each record whose owner exists once, with %i owners in memory',
  async (idsAtOnce) => {
    const owners = ['a', 'b', 'c'].map((_id) => ({ _id }));
    const records = ['a1', 'gone1', 'b1', 'c1', 'a2', 'gone2', 'c2'].map((_id) => ({ _id, owner: _id.slice(0, -1) }));
    const found: string[] = [];
    for await (const { _id } of withOwner(() => streamOf(records), 'owner', streamOf(owners), idsAtOnce))
      found.push(_id);
    expect(found.sort()).toEqual(['a1', 'a2', 'b1', 'c1', 'c2']);
  },
);

it('yields nothing when there are no owners', async () => {
  const records = withOwner(() => streamOf([{ _id: '1', owner: 'gone' }]), 'owner', streamOf([]));
  expect(await records.next()).toMatchObject({ done: true });
});
