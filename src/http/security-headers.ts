import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** The addresses from which Apollo Sandbox is loaded. It is off in production. */
const SANDBOX = {
  scripts: 'https://embeddable-sandbox.cdn.apollographql.com',
  frame: 'https://sandbox.embed.apollographql.com',
  assets: 'https://apollo-server-landing-page.cdn.apollographql.com',
};

/**
 * The usual headers of an API without pages. Browsers ignore HSTS unless it came over HTTPS (RFC 6797, section 8.1).
 */
export function securityHeaders({ hstsIncludeSubDomains }: { hstsIncludeSubDomains: boolean }): RequestHandler {
  return helmet({
    strictTransportSecurity: { includeSubDomains: hstsIncludeSubDomains },
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginEmbedderPolicy: false,
  });
}

/** Lets pages of other origins show the targets of permalinks: browsers require this header on redirects too. */
export const embeddable: RequestHandler = (_request, response, next) => {
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  next();
};

/** Lets a browser that requests HTML from /graphql load the Sandbox page. */
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
