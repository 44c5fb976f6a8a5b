import type { RequestHandler } from 'express';

/**
 * Answers `GET /`. A browser is led to /graphql, where Apollo Sandbox is outside production; all others read in JSON
 * where the API is. Addresses are relative, so that they hold behind a proxy that strips a path prefix.
 */
export function home({ production }: { readonly production: boolean }): RequestHandler {
  return (request, response) => {
    if (!production && request.accepts(['json', 'html']) === 'html') {
      response.redirect(302, 'graphql');
      return;
    }
    response.json({ name: 'Lectern', graphql: 'graphql', health: 'healthz', ready: 'readyz' });
  };
}
