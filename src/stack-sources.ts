import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The folder with everything that the build has written. In tests, which run the source, the folder `src`. */
const FOLDER = new URL('.', import.meta.url).href;

/** A place in a stack: the URL of a file, the line and the column, both from 1. */
const PLACE = /(file:\/\/[^\s():]+\.js):(\d+):(\d+)/g;

/** The source maps that were read, by the URL of the file. `undefined`: the file has none. */
const maps = new Map<string, SourceMap | undefined>();

/**
 * Names the sources in the stacks in a text, instead of the bundles that server.build.js makes of them:
 * `src/http/routes.ts:12` for `file:///app/dist/chunks/app-BEP-xVSx.js:3:4567`. Reads source maps when it finds the first
 * such place.
 */
export function withSources(text: string): string {
  if (!text.includes(FOLDER)) return text;
  return text.replace(PLACE, (place: string, file: string, line: string, column: string) => {
    return sourceOf(file, Number(line), Number(column)) ?? place;
  });
}

function sourceOf(file: string, line: number, column: number): string | undefined {
  if (!file.startsWith(FOLDER)) return undefined;
  if (!maps.has(file)) maps.set(file, mapOf(file));
  const entry = maps.get(file)?.findEntry(line - 1, column - 1);
  if (entry === undefined || !('originalSource' in entry)) return undefined;
  // Sources are relative to the file, and above it.
  return `${entry.originalSource.replace(/^(\.\.\/)+/, '')}:${String(entry.originalLine + 1)}`;
}

function mapOf(file: string): SourceMap | undefined {
  const path = `${fileURLToPath(file)}.map`;
  if (!existsSync(path)) return undefined;
  return new SourceMap(JSON.parse(readFileSync(path, 'utf8')) as SourceMapPayload);
}
