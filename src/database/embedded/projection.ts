import { compilePicker } from './encoded.js';
import type { Encoded, FieldTree } from './encoded.js';
import { CommandError, unsupported } from './errors.js';
import { isNumber } from './numbers.js';
import { assertFieldName, decode, encode, isDoc, truthy } from './values.js';
import type { Doc } from './values.js';

type Tree = Map<string, Tree | true>;
export type Projection = (doc: Doc) => Doc;

/** A projection that was checked: either only the fields of `tree` are returned, or all others. */
interface Parsed {
  readonly includes: boolean;
  readonly tree: FieldTree;
}

/**
 * Compiles a projection (manual: "Project Fields to Return from Query"). It returns either only the named fields or all
 * others; only `_id` may be different. Computed fields are refused.
 */
export function compileProjection(spec: Doc): Projection {
  return projectionOf(parse(spec));
}

/** Does the same with encoded documents. Decodes those in which a path of the projection leads into an array. */
export function compileEncodedProjection(spec: Doc): (bytes: Encoded) => Encoded {
  const parsed = parse(spec);
  const project = projectionOf(parsed);
  const pick = compilePicker(parsed.tree, parsed.includes);
  return (bytes) => pick(bytes) ?? encode(project(decode(bytes)));
}

function projectionOf({ includes, tree }: Parsed): Projection {
  return (doc) => (includes ? include(doc, tree) : exclude(doc, tree)) as Doc;
}

function parse(spec: Doc): Parsed {
  const { _id: id, ...fields } = spec;
  const modes = Object.entries(fields).map(([path, value]) => isIncluded(path, value));
  const includes = modes[0] ?? (id !== undefined && isIncluded('_id', id));
  const odd = modes.findIndex((mode) => mode !== includes);
  if (odd !== -1) {
    const [code, doing, mode] = includes ? [31254, 'exclusion', 'inclusion'] : [31253, 'inclusion', 'exclusion'];
    throw new CommandError(code, `Cannot do ${doing} on field ${Object.keys(fields)[odd]} in ${mode} projection`);
  }
  const withId = id === undefined || isIncluded('_id', id);
  const paths = [...Object.keys(fields), ...(withId === includes ? ['_id'] : [])];
  return { includes, tree: treeOf(paths) };
}

function isIncluded(path: string, value: unknown): boolean {
  if (typeof value === 'boolean' || isNumber(value)) return truthy(value);
  throw unsupported(`the computed projection of ${path}`);
}

function treeOf(paths: readonly string[]): Tree {
  const tree: Tree = new Map();
  for (const path of paths) {
    const parts = path.split('.');
    let place = tree;
    for (const [i, part] of parts.entries()) {
      if (part === '') throw new CommandError(40353, "FieldPath must not end with a '.'.");
      if (part.startsWith('$')) throw unsupported('the positional projection');
      assertFieldName(part);
      const there = place.get(part);
      const isLast = i === parts.length - 1;
      if (isLast && there !== undefined) throw new CommandError(31250, `Path collision at ${path}`);
      if (there === true) {
        throw new CommandError(31249, `Path collision at ${path} remaining portion ${parts.slice(i + 1).join('.')}`);
      }
      const inner: Tree = there ?? new Map<string, Tree | true>();
      place.set(part, isLast ? true : inner);
      place = inner;
    }
  }
  return tree;
}

/** Elements of arrays that are neither documents nor arrays are dropped, because they have no fields. */
function include(value: unknown, tree: FieldTree): unknown {
  if (Array.isArray(value)) {
    return value.map((element: unknown) => include(element, tree)).filter((element) => element !== undefined);
  }
  if (!isDoc(value)) return undefined;
  const kept = Object.entries(value).map(([name, field]) => {
    const wanted = tree.get(name);
    return [name, wanted instanceof Map ? include(field, wanted) : wanted && field] as const;
  });
  return Object.fromEntries(kept.filter(([, field]) => field !== undefined));
}

function exclude(value: unknown, tree: FieldTree): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => exclude(element, tree));
  if (!isDoc(value)) return value;
  const kept = Object.entries(value).flatMap(([name, field]) => {
    const unwanted = tree.get(name);
    if (unwanted === true) return [];
    return [[name, unwanted === undefined ? field : exclude(field, unwanted)] as const];
  });
  return Object.fromEntries(kept);
}
