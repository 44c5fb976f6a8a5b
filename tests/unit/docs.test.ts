import 'reflect-metadata';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import mongoose from 'mongoose';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import '../../src/app.js';
import type { Section } from '../../src/config/variable.js';
import { CONFIG_TABLE } from '../../src/config.js';
import { ERROR_CATALOGUE } from '../../src/errors.js';
import { Metrics } from '../../src/metrics.js';
import { SLOTS } from '../../src/media/slots.js';
import { allPages, anchorsOf, ownLinks, readPage, ROOT, sectionOf, tableRows } from '../support/docs-pages.js';

const pages = allPages();
const schema = buildSchema(readFileSync(join(ROOT, 'schema/schema.graphql'), 'utf8'));
const api = readPage('docs/api.md');

/** The part of a mongoose schema that these tests read. */
interface ModelSchema {
  readonly paths: object;
  path(name: string): { readonly isRequired?: boolean; readonly schema: ModelSchema };
  indexes(): [keys: object, options: { sparse?: boolean; unique?: boolean; partialFilterExpression?: object }][];
}

/** Every model, by its collection. */
const models = new Map(
  Object.values(mongoose.models).map((model) => [model.collection.name, model.schema as unknown as ModelSchema]),
);

describe('links', () => {
  it('every link within the project leads to an existing file and heading', () => {
    const broken = pages.flatMap(ownLinks).filter(({ page, target }) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchorsOf(readPage(file)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('are found in the pages', () => {
    expect(pages.flatMap(ownLinks).length).toBeGreaterThan(50);
  });
});

describe('docs/api.md', () => {
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) => Object.keys(type!.getFields()));

  it.each(fields)('describes %s under a heading, with an example in GraphQL, curl and React', (field) => {
    expect(api.prose).toMatch(new RegExp(`^##+ ${field}$`, 'm'));
    const used = new RegExp(`[{\\s]${field}(?![A-Za-z])`);
    const fences = [...api.fences, ...readPage('docs/react.md').fences];
    for (const language of ['graphql', 'bash', 'tsx']) {
      const blocks = fences.filter((fence) => fence.language === language);
      expect(
        blocks.some(({ text }) => used.test(text)),
        language,
      ).toBe(true);
    }
  });

  it('every page: each GraphQL operation is valid against the schema', () => {
    for (const page of pages) {
      for (const { language, text, line } of page.fences) {
        if (language !== 'graphql') continue;
        expect(validate(schema, parse(text)), `${page.path}:${line}`).toEqual([]);
      }
    }
  });

  it('lists every HTTP address besides /graphql', () => {
    const source = readFileSync(join(ROOT, 'src/http/permalinks.ts'), 'utf8');
    const addresses = Array.from(source.matchAll(/link\('([^']+)'/g), ([, path = '']) => path);
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of [...addresses, '/files/', '/upload-client.js', '/healthz', '/readyz', '/metrics']) {
      const pattern = address.replace(/[:*]id/, '\\{\\w+\\}');
      expect(api.text).toMatch(new RegExp(`GET${address === '/files/' ? '.*' : ' '}${pattern}`));
    }
  });
});

describe('docs/errors.md', () => {
  const rows = tableRows(readPage('docs/errors.md').prose, 'Code', 'HTTP status', 'Retry', 'Meaning', 'What to do');

  it('lists every code of the catalogue, and the two codes of GraphQL itself', () => {
    const ofGraphql = { status: 400, retryable: false };
    const codes = {
      ...ERROR_CATALOGUE,
      GRAPHQL_PARSE_FAILED: ofGraphql,
      GRAPHQL_VALIDATION_FAILED: ofGraphql,
    };
    const expected = Object.entries(codes).map(([code, { status, retryable }]) => {
      return [`\`${code}\``, String(status), retryable ? 'yes' : 'no'];
    });
    expect(rows.map((row) => row.slice(0, 3)).sort()).toEqual(expected.sort());
  });

  it('gives each code a meaning and a remedy', () => {
    for (const [code, , , meaning, remedy] of rows) {
      expect(meaning?.length, code).toBeGreaterThan(20);
      expect(remedy?.length, code).toBeGreaterThan(5);
    }
  });
});

describe('docs/security.md', () => {
  const page = readPage('docs/security.md');
  const rows = tableRows(page.prose, 'Threat', 'Defence', 'Test');

  it.each(rows.map((row) => [row[0] ?? '', row] as const))(
    '"%s": the tests that it names exist and contain assertions',
    (_threat, row) => {
      const [threat, defence, tests = ''] = row;
      expect(threat?.length).toBeGreaterThan(10);
      expect(defence?.length).toBeGreaterThan(10);
      const files = Array.from(tests.matchAll(/\]\(\.\.\/(tests\/[^)]+\.test\.ts)\)/g), ([, file = '']) => file);
      expect(files.length).toBeGreaterThan(0);
      expect(tests.replace(/\[[^\]]+\]\([^)]+\)/g, '').replaceAll(', ', '')).toBe('');
      for (const file of files) expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain('expect(');
    },
  );

  it('lists more than 20 threats', () => {
    expect(rows.length).toBeGreaterThan(20);
  });
});

describe('docs/operating.md', () => {
  const page = readPage('docs/operating.md');

  it('lists every metric of the server', async () => {
    const metrics = new Metrics();
    const gauges = ['lectern_journal_rows', 'lectern_upload_sessions'];
    for (const gauge of gauges) metrics.gaugeBy('state', gauge, 'Rows.', () => Promise.resolve({ pending: 0 }));
    const declared = Array.from((await metrics.text()).matchAll(/^# TYPE (\w+)/gm), ([, name = '']) => name);
    expect(declared).toEqual(expect.arrayContaining(gauges));
    const listed = tableRows(page.prose, 'Name', 'Labels', 'Meaning').map(([name = '']) => name.replaceAll('`', ''));
    expect(listed.sort()).toEqual(declared.sort());
  });

  it('lists every query limit', () => {
    const names = Object.values(CONFIG_TABLE.queries).map(({ name }) => `\`${name}\``);
    expect(
      tableRows(page.prose, 'Setting', 'What it counts')
        .map(([name]) => name)
        .sort(),
    ).toEqual(names.sort());
  });
});

describe('README.md', () => {
  it('has the table of settings that src/config/table.ts defines', () => {
    const sections: readonly Section[] = Object.values(CONFIG_TABLE);
    const expected = sections.flatMap((section) =>
      Object.values(section).map(({ name, default: value, unset, secret, meaning }) => [
        `\`${name}\``,
        value === undefined ? (unset ?? 'none') : `\`${value}\``,
        secret ? `${meaning} Secret.` : meaning,
      ]),
    );
    expect(tableRows(readPage('README.md').prose, 'Name', 'Default', 'Meaning')).toEqual(expected);
  });

  it('lists every command', () => {
    const source = readFileSync(join(ROOT, 'src/cli/program.ts'), 'utf8');
    const commands = Array.from(source.matchAll(/^ {2}'?([a-z-]+)'?: \{\n {4}summary/gm), ([, name = '']) => name);
    const rows = tableRows(readPage('README.md').prose, 'Command', 'What it does');
    const listed = rows.map(([command]) => /^`npx lectern ([a-z-]+)/.exec(command ?? '')?.[1]);
    expect(commands.length).toBeGreaterThan(0);
    expect(listed.sort()).toEqual(commands.sort());
  });

  it('and every page: each npm script that is named exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = pages.flatMap(({ text }) => [
      ...Array.from(text.matchAll(/npm run ([\w:]+)/g), ([, name = '']) => name),
      ...Array.from(text.matchAll(/npm (start|test)\b/g), ([, name = '']) => name),
    ]);
    expect(named).toContain('start');
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('and every page: each variable that is named exists', () => {
    const variables = Object.values(CONFIG_TABLE).flatMap((section) => Object.values(section).map(({ name }) => name));
    const prefixes =
      /^(S3|AWS|AUTH|UPLOAD|DATA|MONGODB|LOCAL_STORAGE|PUBLIC|SWEEP|PENDING|REPLACED|LOG|QUERY|RATE_LIMIT|CORS|TRUST|METRICS)_/;
    const codes = new Set<string>(Object.keys(ERROR_CATALOGUE));
    const wrong = pages.flatMap(({ path, text }) =>
      Array.from(text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g), ([, name = '']) => name)
        .filter((name) => prefixes.test(name) && !codes.has(name) && !(variables as string[]).includes(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('docs/data-model.md', () => {
  const page = readPage('docs/data-model.md');
  const bare = (cell = ''): string => cell.replaceAll('`', '');

  it.each([...models])('lists the fields and indexes of the model %s', (name, schema) => {
    const section = sectionOf(page, `## ${name}`);
    const fields = tableRows(section, 'Field', 'Type', 'Meaning');
    expect(fields.map(([field]) => bare(field))).toEqual(expect.arrayContaining(Object.keys(schema.paths)));
    expect(fields).toHaveLength(Object.keys(schema.paths).length);
    for (const [field, type] of fields) {
      const required = schema.path(bare(field)).isRequired === true || /array/.test(type ?? '');
      expect(/optional/.test(type ?? ''), bare(field)).toBe(!required);
    }
    const indexes = schema.indexes().map(([keys, options]) => {
      const { sparse, unique, partialFilterExpression: partial } = options;
      const written = Object.entries(keys).map(([key, direction]) => `${key}: ${String(direction)}`);
      return `{ ${written.join(', ')} }${sparse ? ' (sparse)' : ''}${unique ? ' (unique)' : ''}${partial ? ' (partial)' : ''}`;
    });
    const listed = indexes.length === 0 ? [] : tableRows(section, 'Index', 'Serves');
    expect(listed.map(([index]) => bare(index)).sort()).toEqual(indexes.sort());
  });

  it.each([
    ['## A media file', models.get('images')!.path('file')],
    ['## A caption', models.get('videos')!.path('captions')],
    ['## A resource', models.get('videos')!.path('resources')],
    ['### A session', models.get('media_objects')!.path('session')],
  ])('under "%s" lists the fields of the class', (heading, path) => {
    const rows = tableRows(sectionOf(page, heading), 'Field', 'Type', 'Meaning').map(([field]) => bare(field));
    expect(rows.sort()).toEqual(Object.keys(path.schema.paths).sort());
  });

  it('lists the key prefix, types and limits of the slot table', () => {
    const size = (bytes: number): string =>
      bytes >= 1024 ** 3 ? `${bytes / 1024 ** 3} GiB` : `${bytes / 1024 ** 2} MiB`;
    const expected = Object.entries(SLOTS).map(([slot, rules]) => [
      slot,
      rules.prefix,
      rules.accepts.map((type) => type.split('/')[1]).join(', '),
      size(rules.defaultMaxBytes),
      rules.lifetime,
      rules.disposition,
    ]);
    const rows = tableRows(page.prose, 'Slot', 'Prefix', 'Accepts', 'Default limit', 'Lifetime of URLs', 'Served');
    expect(rows.map((row) => row.map(bare))).toEqual(expected);
  });
});

describe('docs/S3_UPLOAD_SETUP.md', () => {
  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
  const ACTIONS: Readonly<Record<string, readonly string[]>> = {
    AbortMultipartUploadCommand: ['s3:AbortMultipartUpload'],
    CompleteMultipartUploadCommand: ['s3:PutObject'],
    CreateMultipartUploadCommand: ['s3:PutObject'],
    DeleteObjectCommand: ['s3:DeleteObject'],
    DeleteObjectsCommand: ['s3:DeleteObject'],
    // Sent by `lectern doctor` only, which works without the permission.
    GetBucketCorsCommand: [],
    GetBucketLifecycleConfigurationCommand: [],
    GetObjectCommand: ['s3:GetObject'],
    HeadBucketCommand: ['s3:ListBucket'],
    // Without s3:ListBucket a missing object is answered with 403 instead of 404.
    HeadObjectCommand: ['s3:GetObject', 's3:ListBucket'],
    ListPartsCommand: ['s3:ListMultipartUploadParts'],
    ListMultipartUploadsCommand: ['s3:ListBucketMultipartUploads'],
    ListObjectsV2Command: ['s3:ListBucket'],
    PutObjectCommand: ['s3:PutObject'],
    paginateListObjectsV2: ['s3:ListBucket'],
    S3RequestPresigner: ['s3:GetObject'],
    UploadPartCommand: ['s3:PutObject'],
    getSignedUrl: [],
  };
  /** Imported names that send no command. */
  const SILENT = new Set(['S3Client']);

  it('contains a policy that allows exactly the actions of src/storage/s3', () => {
    const folder = join(ROOT, 'src/storage/s3');
    const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const imports = sources.flatMap((source) =>
      Array.from(source.matchAll(/^import \{([^}]+)\} from '@aws-sdk\/[^']+'/gm), ([, names = '']) => names.split(',')),
    );
    const used = imports
      .flat()
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type ') && !SILENT.has(name));
    expect(used.filter((name) => !(name in ACTIONS))).toEqual([]);
    const needed = new Set(used.flatMap((name) => ACTIONS[name] ?? []));

    const page = readPage('docs/S3_UPLOAD_SETUP.md');
    const policy = page.fences.find(({ filename }) => filename === 'policy.json');
    const { Statement } = JSON.parse(policy?.text ?? '') as { Statement: { Action: string[] }[] };
    expect(Statement.flatMap(({ Action }) => Action).sort()).toEqual([...needed].sort());
    expect(
      tableRows(page.prose, 'Action', 'What for')
        .map(([action]) => action)
        .sort(),
    ).toEqual([...needed].map((action) => `\`${action}\``).sort());
  });
});

describe('every page', () => {
  it('has valid JSON blocks, and bash blocks only in api.md', () => {
    for (const { path, fences } of pages) {
      for (const { language, text, line } of fences) {
        if (language === 'json') expect(() => JSON.parse(text) as unknown, `${path}:${line}`).not.toThrow();
        if (path.startsWith('docs/') && language === 'bash') expect(path).toBe('docs/api.md');
      }
    }
  });

  it('names no folder of a developer', () => {
    for (const { path, text } of pages) expect(text, path).not.toMatch(/(?<![\w.])\/(?:home|Users|root|work)\//);
  });
});
