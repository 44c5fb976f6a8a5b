import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { dumpOf } from '../support/dump.js';
import { fixtures } from '../support/fixtures.js';
import { UploadImageDocument } from '../support/gql/graphql.js';
import { dataOf, errorCodes, graphql, type GraphqlResponse } from '../support/graphql-client.js';
import { uploadRequest, type UploadFile } from '../support/multipart.js';
import { OPERATIONS } from '../support/operations-table.js';
import { textFile, vttFile } from '../support/samples.js';
import { sampleOf, shareOf } from '../support/scope.js';
import { createBareTree, type TreeIds } from '../support/tree.js';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));

/** Values with a meaning to MongoDB or JavaScript, if they were not taken literally. */
const OBJECTS = [
  { $gt: '' },
  { $ne: null },
  { $where: 'true' },
  { $in: [''] },
  { __proto__: null, $regex: '.*' },
  [{ $ne: 1 }],
];
const TEXTS = [
  '{"$ne":null}',
  '{"$gt":""}',
  '$where',
  '$ne',
  '$',
  '$$ROOT',
  '$title',
  'title.$ne',
  'file.key',
  '_id',
  '__proto__',
  'constructor',
  'constructor.prototype',
  'toString',
  '[object Object]',
  "'; return true; //",
  '.*',
  '^',
  '%00',
  '../..',
];

type Path = readonly string[];

interface Leaf {
  readonly operation: string;
  readonly path: Path;
  readonly kind: 'id' | 'text' | 'other';
}

function operation(name: string): GraphQLField<unknown, unknown> {
  return (schema.getQueryType()?.getFields()[name] ?? schema.getMutationType()?.getFields()[name])!;
}

/** Every input of an operation that is a single value, except files. */
function leavesOf(name: string): Leaf[] {
  const walk = (field: GraphQLArgument | GraphQLInputField, before: Path): Leaf[] => {
    const path = [...before, field.name];
    const type = getNamedType(field.type);
    if (isInputObjectType(type)) return Object.values(type.getFields()).flatMap((inner) => walk(inner, path));
    if (!isLeafType(type) || type.name === 'Upload') return [];
    // An instructor id is any text, because identity providers choose it.
    const kind =
      type.name === 'ID' && field.name !== 'instructorId'
        ? 'id'
        : type.name === 'String' || type.name === 'ID'
          ? 'text'
          : 'other';
    return [{ operation: name, path, kind: isEnumType(type) ? 'other' : kind }];
  };
  return operation(name).args.flatMap((argument) => walk(argument, []));
}

const LEAVES = Object.keys(OPERATIONS).flatMap(leavesOf);
const isMutation = (name: string): boolean => schema.getMutationType()?.getFields()[name] !== undefined;

let app: TestApp;
let admin: Client;
let target: TreeIds & { readonly imageId: string };

beforeAll(async () => {
  // An upload session stays open after each startUpload that succeeds.
  app = await startApp({ UPLOAD_SESSIONS_PER_VIEWER: '1000' });
  const ada = await clientOf(app, 'ada');
  // An admin, so that no access rule hides what an operator could reach.
  admin = await clientOf(app, 'root', 'admin');
  const tree = await createBareTree(ada, { title: 'The course', category: 'the category' });
  await createBareTree(ada, { title: 'A draft', status: 'DRAFT' });
  const image = dataOf(await ada.upload(UploadImageDocument, { file: null }, { file: fixtures.png })).uploadImage;
  target = { ...tree, imageId: image.id };
});
afterAll(() => app.remove());

/** Valid input of startUpload, for a slot that accepts the input that is tested. */
function soundStart({ path }: Leaf): Record<string, unknown> {
  const announced = { filename: 'sound', size: 10 };
  switch (path[1]) {
    case 'image':
      return { ...announced, slot: 'IMAGE' };
    case 'caption':
      return { ...announced, slot: 'VIDEO_CAPTION', ownerId: target.videoId, caption: { language: 'en' } };
    case 'resource':
      return { ...announced, slot: 'VIDEO_RESOURCE', ownerId: target.videoId };
    default:
      return { ...announced, slot: 'VIDEO_THUMBNAIL', ownerId: target.videoId };
  }
}

/** Valid variables of an operation: the target's ids, and required fields. */
function soundVariables(leaf: Leaf): Record<string, unknown> {
  const { operation: name } = leaf;
  if (name === 'startUpload') return { input: soundStart(leaf) };
  const idOf = (argument: string): string =>
    argument === 'id'
      ? /course/i.test(name)
        ? target.courseId
        : /topic/i.test(name)
          ? target.topicId
          : /image/i.test(name)
            ? target.imageId
            : target.videoId
      : target[argument as keyof typeof target];
  const valueOf = (field: GraphQLArgument | GraphQLInputField): unknown => {
    const type = getNamedType(field.type);
    if (type.name === 'Upload') return null;
    if (isInputObjectType(type)) {
      const required = Object.values(type.getFields()).filter(({ name: field }) =>
        ['title', 'language'].includes(field),
      );
      return Object.fromEntries(required.map(({ name: field }) => [field, field === 'language' ? 'en' : 'Sound']));
    }
    if (isListType(getNullableType(field.type))) return [idOf(field.name.replace(/Ids$/, 'Id'))];
    return type.name === 'ID' ? idOf(field.name) : undefined;
  };
  return Object.fromEntries(operation(name).args.map((argument) => [argument.name, valueOf(argument)]));
}

function fileFor(name: string, argument: string): UploadFile {
  if (name.includes('Caption')) return vttFile();
  if (name.includes('Resource')) return textFile;
  return /thumbnail|image/i.test(name + argument) && argument !== 'introVideo' && !/^create/.test(name)
    ? fixtures.png
    : fixtures.intro;
}

/** Sends an operation with one input replaced by `value`. */
async function send(leaf: Leaf, value: unknown): Promise<GraphqlResponse<Record<string, unknown>>> {
  const { args, type } = operation(leaf.operation);
  const variables = soundVariables(leaf);
  const last = leaf.path.at(-1)!;
  const holder = leaf.path
    .slice(0, -1)
    .reduce<Record<string, unknown>>((at, key) => (at[key] ??= {}) as Record<string, unknown>, variables);
  holder[last] = Array.isArray(holder[last]) ? [value] : value;
  const used = args.filter(({ name }) => variables[name] !== undefined);
  const declared = used.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ');
  const passed = used.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = isLeafType(getNamedType(type)) ? '' : '{ __typename }';
  const page = String(type).includes('Connection') ? '{ totalCount nodes { id } }' : selection;
  const document = `${isMutation(leaf.operation) ? 'mutation' : 'query'} (${declared}) { ${leaf.operation}(${passed}) ${page} }`;
  const token = admin.token;
  const uploads = used.filter((argument) => String(argument.type) === 'Upload!').map(({ name }) => name);
  if (uploads.length === 0) return graphql(app.url, document, variables, { token });
  const files = Object.fromEntries(uploads.map((name) => [name, fileFor(leaf.operation, name)]));
  return uploadRequest(app.url, { document, variables, files, token });
}

/** A text as it is stored. A language tag is stored in its canonical form. */
const kept = ({ path }: Leaf, text: string): string =>
  path.at(-1) === 'language' ? (Intl.getCanonicalLocales(text)[0] ?? text) : text.normalize();

const named = (leaves: readonly Leaf[], inShort: number) =>
  sampleOf(leaves, inShort).map((leaf, row) => [`${leaf.operation} ${leaf.path.join('.')}`, leaf, row] as const);

describe('an operator as the input', () => {
  it.each(named(LEAVES, 8))('%s, as an object, is refused with BAD_USER_INPUT', async (_name, leaf, row) => {
    const before = await dumpOf(app);
    for (const value of shareOf(OBJECTS, 2, row)) {
      const answer = await send(leaf, value);
      expect([value, errorCodes(answer)]).toEqual([value, ['BAD_USER_INPUT']]);
      expect(answer.body.data ?? null).toBeNull();
    }
    expect(await dumpOf(app)).toEqual(before);
  });

  it.each(
    named(
      LEAVES.filter(({ kind }) => kind === 'id'),
      5,
    ),
  )('%s, as text, matches no record', async (_name, leaf, row) => {
    const before = await dumpOf(app);
    for (const text of shareOf(TEXTS, 5, row)) {
      const answer = await send(leaf, text);
      const found = answer.body.data?.[leaf.operation] ?? null;
      const codes = errorCodes(answer);
      expect([text, found]).toEqual([text, null]);
      expect(codes).toHaveLength(isMutation(leaf.operation) ? 1 : 0);
      for (const code of codes) expect(['NOT_FOUND', 'CONFLICT', 'BAD_USER_INPUT']).toContain(code);
    }
    expect(await dumpOf(app)).toEqual(before);
  });

  it.each(
    named(
      LEAVES.filter(({ kind, operation: name }) => kind === 'text' && !isMutation(name)),
      5,
    ),
  )('%s, as text, finds nothing', async (_name, leaf, row) => {
    for (const text of shareOf(TEXTS, 5, row)) {
      const answer = await send(leaf, text);
      const codes = errorCodes(answer);
      if (leaf.path.join() === 'after') {
        expect([text, codes]).toEqual([text, ['BAD_USER_INPUT']]);
        continue;
      }
      // A search without words returns everything.
      const hasWords = leaf.path.at(-1) !== 'search' || /[a-z0-9]/i.test(text);
      expect([text, codes]).toEqual([text, []]);
      if (hasWords)
        expect([text, answer.body.data]).toEqual([text, { [leaf.operation]: { totalCount: 0, nodes: [] } }]);
    }
  });

  it.each(
    named(
      LEAVES.filter(({ kind, operation: name }) => kind === 'text' && isMutation(name)),
      4,
    ),
  )('%s, as text, changes one record at most and is stored literally', async (_name, leaf, row) => {
    let before = await dumpOf(app);
    for (const text of shareOf(TEXTS, 5, row)) {
      const answer = await send(leaf, text);
      const codes = errorCodes(answer);
      const after = await dumpOf(app);
      const gone = before.filter((line) => !after.includes(line));
      const come = after.filter((line) => !before.includes(line) && !/^(local|s3) /.test(line));
      if (codes.length > 0) {
        expect([text, codes, come]).toEqual([text, ['BAD_USER_INPUT'], []]);
        expect(gone).toEqual([]);
      } else {
        // The record itself, and the parent that lists a new one.
        expect(gone.length).toBeLessThanOrEqual(1);
        expect(come.length).toBeLessThanOrEqual(2);
        if (come.length > 0) expect(come.join('\n')).toContain(JSON.stringify(kept(leaf, text)));
      }
      before = after;
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('an operator in a URL', () => {
  const AS_PATHS = [...TEXTS.map(encodeURIComponent), '$ne', '{"$ne":null}', '[$ne]', '%7B%22%24ne%22%3Anull%7D'];
  const LINKS = [
    '/media/video/ID',
    '/media/thumbnail/ID',
    '/media/image/ID',
    '/courses/ID/thumbnail/file',
    '/courses/ID/intro-video/file',
  ];

  it.each(LINKS.map((link, row) => ({ link, row })))('finds nothing at $link', async ({ link, row }) => {
    const headers = { authorization: `Bearer ${admin.token!}` };
    for (const path of shareOf(AS_PATHS, 6, row)) {
      for (const query of ['', '?id[$ne]=', '?id=1&id=2', '?__proto__[id]=x', '?constructor[prototype][id]=x']) {
        const response = await fetch(`${app.origin}${link.replace('ID', path)}${query}`, {
          headers,
          redirect: 'manual',
        });
        expect([path, response.status]).toEqual([path, 404]);
      }
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('is refused as an id in GET variables, in a literal and in the query string', async () => {
    const headers = { authorization: `Bearer ${admin.token!}`, 'apollo-require-preflight': 'true' };
    const query = 'query ($id: ID!) { course(id: $id) { id } }';
    const get = new URL(app.url);
    get.searchParams.set('query', query);
    get.searchParams.set('variables', '{"id":{"$ne":null}}');
    for (const url of [get.href, `${app.url}?query=${encodeURIComponent(query)}&variables[id][$ne]=`]) {
      const { errors } = (await (await fetch(url, { headers })).json()) as {
        errors: { extensions: { code: string } }[];
      };
      expect(['BAD_USER_INPUT', 'BAD_REQUEST']).toContain(errors[0]!.extensions.code);
    }
    for (const literal of ['{ $ne: null }', '{ ne: null }', '[{ ne: null }]', 'NE']) {
      const answer = await graphql(app.url, `{ course(id: ${literal}) { id } }`, {}, { token: admin.token });
      expect(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']).toContain(errorCodes(answer)[0]);
    }
    const variables = JSON.parse(
      '{"id":"nothing","__proto__":{"id":"x"},"constructor":{"prototype":{"id":"x"}}}',
    ) as object;
    expect(dataOf(await graphql(app.url, query, variables as never, { token: admin.token }))).toEqual({ course: null });
  });
});
