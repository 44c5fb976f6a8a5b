import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/docs-pages.js';

const run = promisify(execFile);
/** A copy of the project with few sources, so that compiling takes a second. */
const PROJECT = [
  ...[
    'build.js',
    'server.build.js',
    'upload-client.build.js',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ],
  ...['src/upload-client', 'src/errors.ts', 'src/cli/duration.ts'],
];

/** What server.build.js bundles. The server and the commands print where a module that both import believes to be. */
const PROGRAMS = {
  'main.ts': `import 'reflect-metadata';\nimport { place } from './place/place.js';\nconsole.log(place);\n`,
  'cli/main.ts': `import './duration.js';\nimport { place } from '../place/place.js';\nconsole.log(place);\n`,
  'place/place.ts': 'export const place = import.meta.url;\n',
  'cli/program.ts': 'export {};\n',
  'database/embedded/worker.ts': 'export {};\n',
  'media/content/hashing.worker.ts': 'export {};\n',
  'media/content/measuring.worker.ts': 'export {};\n',
};

/** Stands in for the build of a web page. */
const page = (name: string): string =>
  `import { writeFileSync } from 'node:fs';\nwriteFileSync('dist/${name}/index.html', process.env.NODE_ENV);\n`;

describe('npm run build', () => {
  let folder: string;
  const at = (path: string): string => join(folder, path);
  const writtenAt = async (path: string): Promise<number> => (await stat(at(path))).mtimeMs;
  const build = (): Promise<unknown> => run('npm', ['run', 'build'], { cwd: folder });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lectern-build-'));
    for (const name of PROJECT) await cp(join(ROOT, name), at(name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), at('node_modules'));
    // Building the web pages takes long. Here each is one file.
    for (const name of ['studio', 'explorer']) {
      await mkdir(at(`dist/${name}`), { recursive: true });
      await writeFile(at(`${name}.build.js`), page(name));
    }
    for (const [name, text] of Object.entries(PROGRAMS)) {
      await mkdir(dirname(at(`src/${name}`)), { recursive: true });
      await writeFile(at(`src/${name}`), text);
    }
    await writeFile(at('src/extra.ts'), 'export const extra = 1;\n');
    await build();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('writes nothing when nothing has changed', async () => {
    const written = ['dist/.tsbuildinfo', 'dist/main.js', 'dist/upload-client.js', 'dist/errors.js'];
    const before = await Promise.all(written.map(writtenAt));
    await build();
    expect(await Promise.all(written.map(writtenAt))).toEqual(before);
  });

  it('builds changed and missing files, and removes outputs without a source', async () => {
    const unchanged = await writtenAt('dist/errors.js');
    await writeFile(at('src/extra.ts'), 'export const extra = 2;\n');
    await build();
    expect(await readFile(at('dist/extra.js'), 'utf8')).toContain('extra = 2');
    expect(await writtenAt('dist/errors.js')).toBe(unchanged);

    await rm(at('dist/cli/duration.js'));
    await build();
    expect(await readFile(at('dist/cli/duration.js'), 'utf8')).toContain('parseDuration');

    await rm(at('src/extra.ts'));
    await build();
    await expect(stat(at('dist/extra.js'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat(at('dist/extra.js.map'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await stat(at('dist/upload-client.d.ts'))).isFile()).toBe(true);
    // These tests run with NODE_ENV=test.
    expect(await readFile(at('dist/studio/index.html'), 'utf8')).toBe('production');
    expect((await stat(at('dist/cli/main.js'))).mode & 0o111).toBe(0o111);
  });

  it('makes bundles of the programs, whose modules know their places, and keeps the licences of packages', async () => {
    const place = pathToFileURL(join(await realpath(folder), 'dist/place/place.js')).href;
    for (const program of ['dist/main.js', 'dist/cli/main.js']) {
      const { stdout } = await run('node', [program], { cwd: folder });
      expect(stdout.trim()).toBe(place);
      expect(await readFile(at(program), 'utf8')).not.toContain('place/place.js');
    }
    expect(await readFile(at('dist/place/place.js'), 'utf8')).toContain('place = import.meta.url');
    expect(await readFile(at('dist/third-party-licences.txt'), 'utf8')).toMatch(
      /^reflect-metadata .*[^]*?Apache License/m,
    );
  });

  it('builds missing chunks, and removes those of earlier builds', async () => {
    const chunks = async (): Promise<string[]> => (await readdir(at('dist/chunks'))).sort();
    const first = await chunks();
    expect(first.length).toBeGreaterThan(0);
    await rm(at(`dist/chunks/${first[0]!}`));
    await build();
    expect(await chunks()).toEqual(first);

    await writeFile(at('src/place/place.ts'), 'export const place = import.meta.url + "?";\n');
    await build();
    expect(await chunks()).toHaveLength(first.length);
    expect(await chunks()).not.toEqual(first);
    expect((await run('node', ['dist/main.js'], { cwd: folder })).stdout).toMatch(/place\.js\?\n$/);
  });

  it('builds again after a failed build', async () => {
    await writeFile(at('src/extra.ts'), 'export const extra: string = 1;\n');
    await expect(build()).rejects.toMatchObject({ stdout: expect.stringContaining('TS2322') });
    await expect(build()).rejects.toMatchObject({ stdout: expect.stringContaining('TS2322') });
    await rm(at('src/extra.ts'));
    await build();
  });
});
