import { Router, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { BuiltPage, pagePolicy } from './built-page.js';
import { notFound } from './json-error.js';
import { providerOrigins } from './provider-origins.js';

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
  const page = new BuiltPage('studio', '/studio/');
  router.use('/studio/assets', compressed, page.assets());
  router.use('/studio/icon.svg', page.file('icon.svg'));
  router.use(['/studio/assets', '/studio/icon.svg'], notFound);
  router.get(['/studio', '/studio/*path'], async (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .set('Content-Security-Policy', policy(mediaOrigins(), (await signInOrigins?.()) ?? []))
      .type('html')
      .send(withSignIn(await page.document(pathPrefix), signIn));
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

/** Adds a `meta` element that says how people sign in, because the policy allows no script in the page. */
function withSignIn(page: string, signIn: StudioSignIn | undefined): string {
  if (signIn === undefined) return page;
  const meta = `<meta name="lectern-sign-in" content="${attribute(JSON.stringify(signIn))}" />`;
  return page.replace('</head>', () => `${meta}</head>`);
}

/** A text in a double-quoted attribute. */
function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** Media and the parts of uploads may be in a bucket. */
function policy(mediaOrigins: readonly string[], signInOrigins: readonly string[]): string {
  const media = ["'self'", ...new Set(mediaOrigins)].join(' ');
  return pagePolicy({
    'img-src': `${media} blob:`,
    'media-src': `${media} blob:`,
    'connect-src': [media, ...signInOrigins].join(' '),
  });
}
