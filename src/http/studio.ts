import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Router, static as serveStatic, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { notFound } from './json-error.js';
import { providerOrigins } from './provider-origins.js';

/** Where `npm run build` puts the studio: the same folder from src/http and from dist/http. */
const BUILT = fileURLToPath(new URL('../../dist/studio/', import.meta.url));

/** The name of an asset has a hash of its content, so it never changes. In seconds: a year. */
const FOREVER = 31_536_000;

const FILES_ONLY = { index: false, redirect: false } as const;

/** How people sign in at an OpenID Connect provider. The page gets it as JSON. */
export interface StudioSignIn {
  /** The URL of the issuer, without a slash at the end. */
  readonly issuer: string;
  readonly clientId: string;
  /** The scopes to request, separated by spaces. */
  readonly scope: string;
  /** Further parameters of the request. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface StudioOptions {
  /** The path in front of all paths as browsers see them: '' or `/lectern`. A proxy removes it. */
  readonly pathPrefix: string;
  /** The origins of the storages, which the page sends files to and shows files from. */
  readonly mediaOrigins: () => readonly string[];
  /** Absent: people paste tokens. */
  readonly signIn?: StudioSignIn | undefined;
}

/** Serves the studio, the web page of `src/studio`: the same document for each of its addresses, and its assets. */
export function studio({ pathPrefix, mediaOrigins, signIn }: StudioOptions, logger: Logger): Router {
  const router = Router();
  const signInOrigins = signIn === undefined ? undefined : providerOrigins(signIn.issuer, logger);
  router.use(
    '/studio/assets',
    compressed,
    serveStatic(`${BUILT}assets`, { ...FILES_ONLY, immutable: true, maxAge: FOREVER * 1_000 }),
  );
  router.use('/studio/icon.svg', serveStatic(`${BUILT}icon.svg`, FILES_ONLY));
  router.use(['/studio/assets', '/studio/icon.svg'], notFound);
  router.get(['/studio', '/studio/*path'], async (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .set('Content-Security-Policy', policy(mediaOrigins(), (await signInOrigins?.()) ?? []))
      .type('html')
      .send(await document(pathPrefix, signIn));
  });
  return router;
}

/** The build writes a compressed file beside each script and each style. */
const compressed: RequestHandler = (request, response, next) => {
  const type = /\.(js|css)$/.exec(request.path)?.[1];
  if (type !== undefined) {
    response.vary('Accept-Encoding');
    if (request.acceptsEncodings('gzip') === 'gzip') {
      request.url = `${request.path}.gz`;
      response.set('Content-Encoding', 'gzip').type(type);
    }
  }
  next();
};

/**
 * The built page. Its base is the address of the studio, because it is served at paths of different depths. A `meta`
 * element says how people sign in, because the policy allows no script in the page.
 */
async function document(pathPrefix: string, signIn: StudioSignIn | undefined): Promise<string> {
  const built = await readFile(`${BUILT}index.html`, 'utf8');
  const base = built.replace('<base href="/studio/"', () => `<base href="${encodeURI(pathPrefix)}/studio/"`);
  if (signIn === undefined) return base;
  const meta = `<meta name="lectern-sign-in" content="${attribute(JSON.stringify(signIn))}" />`;
  return base.replace('</head>', () => `${meta}</head>`);
}

/** A text in a double-quoted attribute. */
function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** Scripts and styles come from the page's own files only. Media and parts of uploads may be in a bucket. */
function policy(mediaOrigins: readonly string[], signInOrigins: readonly string[]): string {
  const media = ["'self'", ...new Set(mediaOrigins)].join(' ');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${media} blob:`,
    `media-src ${media} blob:`,
    `connect-src ${[media, ...signInOrigins].join(' ')}`,
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}
