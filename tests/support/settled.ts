import { slotOwners } from '../../src/catalog/slot-owners.js';
import type { TestApp } from './app.js';
import { tracesOf } from './traces.js';
import { letTimePass } from './wholeness.js';

/** Ends all deadlines, sweeps once, and returns the objects and rows that belong to no record. */
export async function orphansAfterSweep(app: TestApp): Promise<string[]> {
  await app.app.sweeper.sweep();
  await letTimePass();
  await app.app.sweeper.sweep();
  const live = new Set<string>();
  for (const owner of Object.values(slotOwners)) for await (const { file } of owner.files()) live.add(file.key);
  const traces = await tracesOf(app);
  const objects = traces.filter((trace) => /^(local|s3) /.test(trace));
  const orphans = objects.filter((object) => ![...live].some((key) => object.endsWith(key)));
  const missing = [...live].filter((key) => !objects.some((object) => object.endsWith(key)));
  return [
    ...orphans,
    ...missing.map((key) => `missing ${key}`),
    ...traces.filter((t) => t.startsWith('media_objects')),
  ];
}
