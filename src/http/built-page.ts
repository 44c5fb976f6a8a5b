import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { static as serveStatic, type RequestHandler } from 'express';

/** The name of an asset has a hash of its content, so it never changes. In seconds: a year. */
const FOREVER = 31_536_000;

const FILES_ONLY = { index: false, redirect: false } as const;

/** A web page that `npm run build` has written to a folder of dist, with its assets. */
export class BuiltPage {
  private readonly folder: string;
  private readonly path: string;

  /**
   * @param name The folder: the same from src/http and from dist/http.
   * @param path The path at which the page is served: `/studio/`.
   */
  constructor(name: string, path: string) {
    this.folder = fileURLToPath(new URL(`../../dist/${name}/`, import.meta.url));
    this.path = path;
  }

  /** Whether the page is there. An installation may leave it out. */
  get isBuilt(): boolean {
    return existsSync(`${this.folder}index.html`);
  }

  /** Serves the scripts and styles. */
  assets(): RequestHandler {
    return serveStatic(`${this.folder}assets`, { ...FILES_ONLY, immutable: true, maxAge: FOREVER * 1_000 });
  }

  /** Serves one file. */
  file(name: string): RequestHandler {
    return serveStatic(`${this.folder}${name}`, FILES_ONLY);
  }

  /**
   * The document of the page. Its base is the address at which browsers see it, because it is served at paths of
   * different depths.
   * @param pathPrefix The path in front of all paths: '' or `/lectern`. A proxy removes it.
   */
  async document(pathPrefix: string): Promise<string> {
    const built = await readFile(`${this.folder}index.html`, 'utf8');
    return built.replace(`<base href="${this.path}"`, () => `<base href="${encodeURI(pathPrefix)}${this.path}"`);
  }
}

/** The Content-Security-Policy of a page whose scripts and styles are its own files. `sources` may allow more. */
export function pagePolicy(sources: Readonly<Record<string, string>>): string {
  const rules = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'base-uri': "'self'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...sources,
  };
  return Object.entries(rules)
    .map(([name, allowed]) => `${name} ${allowed}`)
    .join(';');
}
