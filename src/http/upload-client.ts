import { fileURLToPath } from 'node:url';
import { Router, static as serveStatic } from 'express';
import { cors, type CorsRules } from './cors.js';

/** Where `npm run build` leaves the client: the same folder from src/http and from dist/http. */
const BUILT = fileURLToPath(new URL('../../dist/', import.meta.url));

const CLIENT = '/upload-client.js';
/** Its declarations for TypeScript. Sent as text: by its ending it would be a video (MPEG transport stream). */
const DECLARATIONS = '/upload-client.d.ts';

/**
 * Serves the client for uploads to anybody, and to pages of the configured origins. Browsers ask each time whether it
 * has changed (`no-cache`, with an ETag), because an old client may not fit a new server.
 */
export function uploadClient(origins: CorsRules['origins']): Router {
  const router = Router();
  const files = serveStatic(BUILT, {
    index: false,
    redirect: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      const type = path.endsWith(CLIENT) ? 'text/javascript' : 'text/plain';
      response.setHeader('Content-Type', `${type}; charset=utf-8`);
      response.setHeader('Cache-Control', 'no-cache');
      response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    },
  });
  router.use([CLIENT, DECLARATIONS], cors({ origins, methods: ['GET', 'HEAD'], exposedHeaders: ['ETag'] }));
  router.get([CLIENT, DECLARATIONS], files);
  return router;
}
