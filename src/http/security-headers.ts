import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Where Apollo Sandbox comes from. Its page runs only outside production. */
const SANDBOX = {
  scripts: 'https://embeddable-sandbox.cdn.apollographql.com',
  frame: 'https://sandbox.embed.apollographql.com',
  assets: 'https://apollo-server-landing-page.cdn.apollographql.com',
};

/** The usual headers of an API that shows no pages. Browsers heed HSTS on HTTPS alone (RFC 6797, section 8.1). */
export function securityHeaders({ hstsIncludeSubDomains }: { hstsIncludeSubDomains: boolean }): RequestHandler {
  return helmet({
    strictTransportSecurity: { includeSubDomains: hstsIncludeSubDomains },
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginEmbedderPolicy: false,
  });
}

/** Lets pages of other origins show what these addresses lead to: browsers ask for it of a redirect as of the file itself. */
export const embeddable: RequestHandler = (_request, response, next) => {
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  next();
};

/** Lets a browser load the Sandbox page when it asks /graphql for HTML. */
export function sandboxHeaders(): RequestHandler {
  const forSandbox = helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'", "'unsafe-inline'", SANDBOX.scripts, SANDBOX.assets],
      styleSrc: ["'self'", "'unsafe-inline'", SANDBOX.assets, 'https://fonts.googleapis.com'],
      fontSrc: ["'self'", 'https://fonts.gstatic.com'],
      imgSrc: ["'self'", 'data:', SANDBOX.assets],
      manifestSrc: ["'self'", SANDBOX.assets],
      frameSrc: ["'self'", SANDBOX.frame],
      connectSrc: ["'self'"],
    },
  });
  return (request, response, next) => {
    if (request.method === 'GET' && request.accepts(['json', 'html']) === 'html') forSandbox(request, response, next);
    else next();
  };
}
