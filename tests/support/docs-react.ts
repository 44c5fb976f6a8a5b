import { compileFunction } from 'node:vm';
import { Kind, type DocumentNode } from 'graphql';
import ts from 'typescript';
import type { Fence } from './docs-pages.js';

type Exports = Readonly<Record<string, unknown>>;

/** Runs the blocks as modules. They may import each other and the given packages. */
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

/** Returns the GraphQL documents that modules export, in order. */
export function documentsOf(modules: ReadonlyMap<string, Exports>): DocumentNode[] {
  const values = [...modules.values()].flatMap((exports) => Object.values(exports));
  return values.filter((value): value is DocumentNode => (value as Partial<DocumentNode>).kind === Kind.DOCUMENT);
}
