import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';

/** What a server for development offers, by its relative address. */
const STUDIO = { href: 'studio/', title: 'Studio', text: 'Create courses, upload videos, watch them.' };
const DOCS = {
  href: 'docs',
  title: 'Docs',
  text: 'Read the reference of the schema, and send operations. Needs no internet.',
};
const SANDBOX = {
  href: 'graphql',
  title: 'Apollo Sandbox',
  text: 'Send operations to the API. Loads from Apollo, so you need to be online.',
};

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#f7f6f3, #131514); color: light-dark(#1d1f1e, #eef0ee) }
body { max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem }
h1 { font-size: 2.25rem; letter-spacing: -0.025em }
ul { display: grid; gap: 1rem; padding: 0; list-style: none }
a { display: block; padding: 1.25rem 1.5rem; border: 1px solid light-dark(#e2e0da, #2f3432); border-radius: 16px; background: light-dark(#fff, #1c1f1e); color: inherit; text-decoration: none }
a:hover, a:focus-visible { border-color: light-dark(#0b7355, #4fd0a4) }
strong { color: light-dark(#0b7355, #4fd0a4); font-size: 1.125rem }
span { display: block }`;

const pageOf = (offers: readonly (typeof STUDIO)[]): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Lectern</title><style>${STYLE}</style></head>
<body><main><h1>Lectern is running</h1><ul>
${offers.map(({ href, title, text }) => `<li><a href="${href}"><strong>${title}</strong><span>${text}</span></a></li>`).join('\n')}
</ul></main></body>
</html>
`;

const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`;

interface HomeOptions {
  readonly production: boolean;
  /** Whether there is a page at /docs. */
  readonly hasDocs: boolean;
}

/**
 * Handles `GET /`. In production a browser is redirected to the studio; elsewhere it gets a page that offers the studio,
 * the reference of the schema and Apollo Sandbox. Other clients get the addresses of the API as JSON. All addresses are
 * relative, so that they work behind a proxy that removes a path prefix.
 */
export function home({ production, hasDocs }: HomeOptions): RequestHandler {
  const page = pageOf(hasDocs ? [STUDIO, DOCS, SANDBOX] : [STUDIO, SANDBOX]);
  return (request, response) => {
    if (request.accepts(['json', 'html']) !== 'html') {
      response.json({ name: 'Lectern', graphql: 'graphql', studio: 'studio/', health: 'healthz', ready: 'readyz' });
    } else if (production) {
      response.redirect(302, 'studio/');
    } else {
      response.set('Content-Security-Policy', PAGE_POLICY).type('html').send(page);
    }
  };
}
