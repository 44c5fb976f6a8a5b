import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import { BuiltPage, pagePolicy } from './built-page.js';
import { notFound } from './json-error.js';

/** 128 bits, as Content Security Policy Level 3 asks for (section 7.1). */
const NONCE_BYTES = 16;

const page = new BuiltPage('explorer', '/docs/');

/** Whether this installation has the explorer. */
export const hasExplorer = (): boolean => page.isBuilt;

/**
 * Serves the reference of the schema and an explorer at /docs: the web page of `src/studio/explorer`. Only for
 * development: it needs introspection.
 * @param pathPrefix The path in front of all paths as browsers see them: '' or `/lectern`. A proxy removes it.
 */
export function explorer(pathPrefix: string): Router {
  const router = Router();
  router.use('/docs/assets', page.assets(), notFound);
  router.get('/docs', async (_request, response) => {
    const nonce = randomBytes(NONCE_BYTES).toString('base64');
    const document = await page.document(pathPrefix);
    response
      .set('Cache-Control', 'no-cache')
      .set('Content-Security-Policy', policy(nonce))
      .type('html')
      .send(document.replace('</head>', `<meta property="csp-nonce" nonce="${nonce}" /></head>`));
  });
  return router;
}

/** The packages of GraphiQL have fonts and pictures as data: URLs, and write one style, which the nonce allows. */
function policy(nonce: string): string {
  return pagePolicy({
    'style-src': `'self' 'nonce-${nonce}'`,
    'img-src': "'self' data:",
    'font-src': 'data:',
    'connect-src': "'self'",
  });
}
