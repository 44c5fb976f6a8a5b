import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { Kind, type DocumentNode } from 'graphql';
import ts from 'typescript';
import { ROOT, type Fence } from './docs-pages.js';

/** The blocks are files of one folder that is not there. */
const FOLDER = join(ROOT, 'docs', 'examples');

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.ReactJSX,
  types: [],
};

/** What TypeScript has to say of the blocks, taken together as the files of one project with Apollo Client and React. */
export function typeErrors(fences: readonly Fence[]): string[] {
  const sources = new Map(fences.map((fence) => [join(FOLDER, fence.filename), fence.text]));
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => sources.has(path) || fileExists.call(host, path);
  host.readFile = (path) => sources.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = sources.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, languageVersion, ...rest)
      : ts.createSourceFile(path, text, languageVersion);
  };
  const untyped = join(ROOT, 'tests', 'support', 'apollo-upload-client.d.ts');
  const program = ts.createProgram([...sources.keys(), untyped], OPTIONS, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const { file, start = 0 } = diagnostic;
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName ?? ''}:${line} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
  });
}

type Exports = Readonly<Record<string, unknown>>;

/** Runs the blocks as modules. They may import each other and the packages that are given. */
export function runModules(
  fences: readonly Fence[],
  packages: Readonly<Record<string, object>>,
): ReadonlyMap<string, Exports> {
  const compiled = new Map(fences.map((fence) => [fence.filename, compile(fence)]));
  const modules = new Map<string, Exports>();
  const load = (filename: string): Exports => {
    const known = modules.get(filename);
    if (known) return known;
    const exports = {};
    modules.set(filename, exports);
    compiled.get(filename)?.(require, exports);
    return exports;
  };
  const require = (name: string): object => {
    const own = [...compiled.keys()].find((filename) => `./${filename.replace(/\.tsx?$/, '')}` === name);
    if (own !== undefined) return load(own);
    const found = packages[name];
    if (!found) throw new Error(`An example imports ${name}, which is not given here.`);
    return { ...found, __esModule: true };
  };
  for (const { filename } of fences) load(filename);
  return modules;
}

type Run = (require: (name: string) => object, exports: object) => void;

function compile({ filename, text }: Fence): Run {
  const { outputText } = ts.transpileModule(text, {
    fileName: filename,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      jsx: ts.JsxEmit.ReactJSX,
      esModuleInterop: true,
    },
  });
  return compileFunction(outputText, ['require', 'exports'], { filename }) as Run;
}

/** The GraphQL documents that modules export, in order. */
export function documentsOf(modules: ReadonlyMap<string, Exports>): DocumentNode[] {
  const values = [...modules.values()].flatMap((exports) => Object.values(exports));
  return values.filter((value): value is DocumentNode => (value as Partial<DocumentNode>).kind === Kind.DOCUMENT);
}
