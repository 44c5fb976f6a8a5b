import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a page. */
export interface Fence {
  readonly page: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** The name of the file in the block: the word after the language. */
  readonly filename: string;
  readonly text: string;
}

export interface Page {
  /** The path, relative to the folder of the project. */
  readonly path: string;
  readonly text: string;
  /** The text with empty lines instead of its fenced blocks. */
  readonly prose: string;
  readonly fences: readonly Fence[];
}

/** An example for Apollo Sandbox: the operation, its variables, and files by variable. */
export interface SandboxExample {
  readonly fence: Fence;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
}

const FENCE = /^```(\w*)[ \t]*(\S*)[ \t]*\n([\s\S]*?)^```$/gm;
/** The folders with pages of the project. */
const FOLDERS = ['docs', 'tests', 'src'];

export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const fences = Array.from(text.matchAll(FENCE), (match): Fence => {
    const [, language = '', filename = '', content = ''] = match;
    return { page: path, line: lineAt(text, match.index), language, filename, text: content };
  });
  const prose = text.replace(FENCE, (block) => block.replace(/[^\n]/g, ''));
  return { path, text, prose, fences };
}

/** Every page of Markdown in the project. */
export function allPages(): Page[] {
  const top = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  const below = FOLDERS.flatMap((folder) => {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`);
  });
  return [...top, ...below].map(readPage);
}

/** A link to a place in the project: a page, a file or a folder, and perhaps a heading. */
export interface PageLink {
  readonly page: string;
  readonly line: number;
  readonly target: string;
}

/** Returns the links of a page to places in the project. */
export function ownLinks(page: Page): PageLink[] {
  // Inline code contains no links. It is replaced by spaces, so that positions do not change.
  const text = page.prose.replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
  return Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), (match) => ({
    page: page.path,
    line: lineAt(text, match.index),
    target: match[1] ?? '',
  })).filter(({ target }) => !/^[a-z]+:/i.test(target));
}

/** Returns the anchors that GitHub makes for the headings of a page. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of page.prose.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** Returns the rows of the first table whose columns begin with these names. Cells are trimmed. */
export function tableRows(text: string, ...columns: readonly string[]): string[][] {
  const heading = `| ${columns.join(' | ')} |`;
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith(heading));
  if (at < 0) throw new Error(`There is no table with the columns ${columns.join(', ')}.`);
  const rows = lines.slice(at + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? undefined : end).map((line) =>
    line
      .replace(/^\|/, '')
      .replace(/\|\s*$/, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** Returns the text below a heading, up to the next heading of any level. */
export function sectionOf(page: Page, heading: string): string {
  const [, after] = page.text.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`${page.path} has no heading "${heading}".`);
  return after.split(/^#{1,6} /m)[0] ?? '';
}

/** Returns the examples for Sandbox in a page, in order. */
export function sandboxExamples(page: Page): SandboxExample[] {
  const lines = page.text.split('\n');
  return page.fences.flatMap((fence, index) => {
    if (fence.language !== 'graphql') return [];
    const next = page.fences[index + 1];
    const variables = next?.language === 'json' ? next : undefined;
    const until = page.fences[index + (variables ? 2 : 1)]?.line ?? lines.length;
    const between = lines.slice((variables ?? fence).line, until).join('\n');
    const list = /^Files: (.+)$/m.exec(between)?.[1] ?? '';
    const files = Array.from(list.matchAll(/`(\w+)` = `([^`]+)`/g), ([, name = '', path = '']) => [name, path]);
    return {
      fence,
      variables: JSON.parse(variables?.text ?? '{}') as Record<string, unknown>,
      files: Object.fromEntries(files) as Record<string, string>,
    };
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
