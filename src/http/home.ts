import type { RequestHandler } from 'express';

/**
 * Handles `GET /`. Outside production a browser is redirected to /graphql, where Apollo Sandbox is. Other clients get
 * the addresses of the API as JSON. They are relative, so that they work behind a proxy that strips a path prefix.
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
