import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { allPages, readPage, ROOT, type Fence } from './docs-pages.js';

const run = promisify(execFile);

/** The files of `npm create vite@9.3.0 -- --template react-ts` that are needed here. */
const TEMPLATE = join(ROOT, 'tests', 'fixtures', 'vite-react-ts');

/** Replaces the template's `src/main.tsx`. Shows the page of the README. */
const MAIN = `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import App from './App';

createRoot(document.getElementById('root')!).render(<StrictMode><App /></StrictMode>);
`;

/** A project made from Vite's template and the React examples of the pages, as a reader would make it. */
export interface ReactProject {
  readonly folder: string;
  /** Runs `tsc -b` of a TypeScript (its folder in node_modules). Returns its output, which is empty without errors. */
  typeErrors(typescript: string): Promise<string>;
  /** Runs `vite build`. Returns the folder of the built page. */
  build(): Promise<string>;
  remove(): Promise<void>;
}

/** The blocks of all pages that a React project has as files: all but those beside the upload client. */
export function reactFiles(): Fence[] {
  const pages = allPages().filter(({ path }) => path !== 'docs/direct-uploads.md');
  return pages.flatMap(({ fences }) => fences.filter(({ filename }) => /\.tsx?$/.test(filename)));
}

/** Creates a project with all React examples. `main` is its `src/main.tsx`. */
export async function createReactProject(main = MAIN): Promise<ReactProject> {
  const folder = await mkdtemp(join(tmpdir(), 'lectern-react-'));
  await cp(TEMPLATE, folder, { recursive: true });
  // The defaults of TypeScript 6 and 7, which the template of TypeScript 5.9 set explicitly.
  const settings = join(folder, 'tsconfig.app.json');
  const before = await readFile(settings, 'utf8');
  await writeFile(settings, before.replace('"compilerOptions": {', '"compilerOptions": {\n    "strict": true,'));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src', 'main.tsx'), main);
  for (const { filename, text } of reactFiles()) {
    await writeFile(join(folder, filename === 'vite.config.ts' ? '' : 'src', filename), text);
  }
  // Only the packages that the template and the README install, so that importing others is an error.
  for (const name of await installed()) {
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
  const node = (script: string, ...args: string[]) =>
    run(process.execPath, [script, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    });
  return {
    folder,
    typeErrors: async (typescript) => {
      const outcome = await node(join(typescript, 'bin', 'tsc'), '-b', '--force').catch((error: unknown) => error);
      const { stdout, stderr } = outcome as { stdout: string; stderr: string };
      return `${stdout}${stderr}`;
    },
    build: async () => {
      await node(join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn');
      return join(folder, 'dist');
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The packages of the template, except compiler and linter, and those that the README adds. */
async function installed(): Promise<string[]> {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(TEMPLATE, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const ofTemplate = Object.keys({ ...dependencies, ...devDependencies });
  const added = /^npm install (.+)$/m.exec(readPage('README.md').text)?.[1]?.split(' ') ?? [];
  return [...ofTemplate, ...added].filter((name) => name !== 'typescript' && name !== 'oxlint');
}
