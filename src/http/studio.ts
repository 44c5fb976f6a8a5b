import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Router, static as serveStatic, type RequestHandler } from 'express';
import helmet from 'helmet';
import { notFound } from './json-error.js';

/** Where `npm run build` puts the studio: the same folder from src/http and from dist/http. */
const BUILT = fileURLToPath(new URL('../../dist/studio/', import.meta.url));

/** The name of an asset has a hash of its content, so it never changes. In seconds: a year. */
const FOREVER = 31_536_000;

const FILES_ONLY = { index: false, redirect: false } as const;

export interface StudioOptions {
  /** The path in front of all paths as browsers see them: '' or `/lectern`. A proxy removes it. */
  readonly pathPrefix: string;
  /** The origins of the storages, which the page sends files to and shows files from. */
  readonly mediaOrigins: () => readonly string[];
}

/** Serves the studio, the web page of `src/studio`: the same document for each of its addresses, and its assets. */
export function studio({ pathPrefix, mediaOrigins }: StudioOptions): Router {
  const router = Router();
  router.use(
    '/studio/assets',
    compressed,
    serveStatic(`${BUILT}assets`, { ...FILES_ONLY, immutable: true, maxAge: FOREVER * 1_000 }),
  );
  router.use('/studio/icon.svg', serveStatic(`${BUILT}icon.svg`, FILES_ONLY));
  router.use(['/studio/assets', '/studio/icon.svg'], notFound);
  router.get(['/studio', '/studio/*path'], policy(mediaOrigins), async (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .type('html')
      .send(await document(pathPrefix));
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

/** The built page with the address of the studio as its base, because it is served at paths of different depths. */
async function document(pathPrefix: string): Promise<string> {
  const built = await readFile(`${BUILT}index.html`, 'utf8');
  return built.replace('<base href="/studio/"', `<base href="${encodeURI(pathPrefix)}/studio/"`);
}

/** Scripts and styles come from the page's own files only. Media and parts of uploads may be in a bucket. */
function policy(mediaOrigins: () => readonly string[]): RequestHandler {
  return (request, response, next) => {
    const media = ["'self'", ...new Set(mediaOrigins())];
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: [...media, 'blob:'],
        mediaSrc: [...media, 'blob:'],
        connectSrc: media,
        baseUri: ["'self'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    })(request, response, next);
  };
}
