/**
 * Module hooks: the model runs the product's own compiled classes (dist/). Only what is not deterministic, or is about
 * bytes and not about the protocol, is replaced: ids and names of keys are counted per process, pauses take no time,
 * waiting with a time limit waits to the end, and looking into bytes is a stub. An ablation takes one step out.
 */
import { ABLATIONS } from './ablations.js';

const STUBS = {
  '/dist/database/ids.js': `
    export const newId = () => globalThis.lecternModel.newId();
    export const isId = (text) => /^o\\d$/.test(text) || text.startsWith('new-');`,
  '/dist/within.js': `
    export const within = async (_ms, work) => work;`,
  '/dist/media/content/incoming-file.js': `
    export async function inspect(incoming) {
      return { filename: incoming.filename, extension: 'bin', contentType: 'x', release() {},
        body: { destroy() {}, text: incoming.text },
        measured: () => ({ size: incoming.text.length, sha256: incoming.sha256 }) };
    }
    export const tooLarge = () => new Error('too large');`,
  '/dist/media/direct/proof.js': `
    import { createHash } from 'node:crypto';
    import { LecternError } from '../../errors.js';
    import { ObjectNotFoundError } from '../../storage/storage.js';
    export async function prove({ row, storage }) {
      try {
        const hash = createHash('sha256');
        for await (const chunk of await storage.open(row.key)) hash.update(chunk);
        return { filename: 'f', contentType: 'x', sha256: hash.digest('hex'), measures: {}, isConverted: false, integrity: ['SIZE'] };
      } catch (error) {
        throw error instanceof ObjectNotFoundError ? new LecternError('UPLOAD_EXPIRED') : error;
      }
    }`,
  '/dist/media/content/names.js': `
    export const keyName = () => globalThis.lecternModel.newKeyName();
    export const displayName = (name) => name;
    export const dispositionHeader = () => '';`,
};
const PAUSES = 'model:pauses';
const PAUSES_SOURCE = 'export const setTimeout = async () => globalThis.lecternModel.paused();';

let ablation;

/** @param {{ ablation: string | undefined }} data */
export function initialize(data) {
  if (data.ablation === undefined) return;
  ablation = ABLATIONS[data.ablation];
  if (!ablation) throw new Error(`There is no ablation "${data.ablation}".`);
}

export async function resolve(specifier, context, next) {
  const isPause = specifier === 'node:timers/promises' && context.parentURL?.includes('/dist/');
  return isPause ? { url: PAUSES, shortCircuit: true } : next(specifier, context);
}

export async function load(url, context, next) {
  if (url === PAUSES) return { format: 'module', source: PAUSES_SOURCE, shortCircuit: true };
  for (const [path, source] of Object.entries(STUBS)) {
    if (url.endsWith(path)) return { format: 'module', source, shortCircuit: true };
  }
  const loaded = await next(url, context);
  if (!ablation || !url.endsWith(`/dist/${ablation.file}`)) return loaded;
  return { ...loaded, source: ablated(String(loaded.source)) };
}

function ablated(source) {
  let changed = source;
  for (const [from, to] of ablation.replace) {
    if (!changed.includes(from)) throw new Error(`"${from}" is not in ${ablation.file} any more: mend this ablation.`);
    changed = changed.replace(from, to);
  }
  return changed;
}
