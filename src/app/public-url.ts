import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { mintToken } from '../auth/mint-token.js';
import { Role } from '../auth/viewer.js';
import type { Config } from '../config.js';
import { examine, ok, problem, reasonOf, warning, type Diagnosis, type Outcome } from '../diagnosis.js';

/** How long a response may take, in milliseconds. */
const RESPONSE_MS = 20_000;
/** How long Lectern or a proxy may take to refuse a request by its head, in milliseconds. */
const EARLY_MS = 5_000;
/** Larger than the default limits of proxies: nginx accepts 1 MiB. */
const PROBE_BYTES = 2 * 1024 ** 2;
const TOKEN_SECONDS = 60;
const PROXY_DOCS = 'docs/deploy.md, "The proxy"';
/** Headers that proxies add to responses. Lectern sends neither. */
const OF_PROXIES = ['server', 'via'];

/** What a response of Lectern has, and that of a proxy or another program usually has not. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The first error code. Undefined when the body is not that of Lectern. */
  readonly code?: string;
  readonly body: unknown;
}

/**
 * Sends requests to PUBLIC_URL, as clients do: is it this server, through a proxy that passes on what it has to?
 * @param secret The secret that signs HS256 tokens. Undefined when only a key set verifies tokens.
 */
export async function* examinePublicUrl(config: Config, secret: string | undefined): AsyncGenerator<Diagnosis> {
  const { publicUrl } = config.server;
  if (publicUrl === undefined) return;
  let home: Answer | undefined;
  const reach = `Does the name lead here, and does the proxy forward to port ${config.server.port}? See ${PROXY_DOCS}.`;
  yield await examine('public url', reach, async () => {
    try {
      home = await ask(`${publicUrl}/`);
    } catch (error) {
      // Inside a network, an address for clients outside may lead nowhere.
      return warning(
        `${publicUrl} cannot be reached from this machine: ${reasonOf(error)}`,
        `Try it from another machine. ${reach}`,
      );
    }
    return (home.body as { name?: unknown } | null)?.name === 'Lectern'
      ? identity(config, publicUrl, secret)
      : problem(`${publicUrl} is answered by another program than Lectern (HTTP ${home.status}).`, reach);
  });
  if (home === undefined) return;
  const { headers } = home;
  yield { check: 'public tls', ...tls(publicUrl, headers) };
  yield { check: 'proxy headers', ...proxyHeaders(config, headers) };
  yield await examine('proxy body size', `See ${PROXY_DOCS}.`, () => bodySize(publicUrl));
}

/** Does a server with the same secret answer? A server of another installation does not accept the token. */
async function identity({ auth }: Config, publicUrl: string, secret: string | undefined): Promise<Outcome> {
  if (secret === undefined) return ok(`${publicUrl} is answered by Lectern.`);
  const { roleClaim, issuer, audience } = auth;
  const claims = { sub: 'lectern-doctor', role: Role.STUDENT, roleClaim, issuer, audience };
  const token = await mintToken({ secret, ...claims, expiresInSeconds: TOKEN_SECONDS });
  const { status, code } = await ask(`${publicUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ viewer { id } }' }),
  });
  if (code === 'UNAUTHENTICATED') {
    return problem(
      `${publicUrl} is answered by a Lectern that does not accept tokens signed with this AUTH_JWT_SECRET.`,
      'Set the same AUTH_JWT_SECRET for all servers, restart them, and see that PUBLIC_URL leads to them.',
    );
  }
  if (status !== 200) {
    return problem(
      `${publicUrl}/graphql answers HTTP ${status}.`,
      `Does the proxy pass on all paths? See ${PROXY_DOCS}.`,
    );
  }
  return ok(`${publicUrl} is answered by Lectern, which accepts tokens signed with this AUTH_JWT_SECRET.`);
}

function tls(publicUrl: string, headers: Headers): Outcome {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:') {
    return headers.has('strict-transport-security')
      ? ok('The certificate is valid, and browsers are told to use HTTPS.')
      : warning('The proxy removes the header Strict-Transport-Security.', `See ${PROXY_DOCS}.`);
  }
  if (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]')
    return ok('Only this machine can reach it.');
  return warning(
    'PUBLIC_URL is not https, so tokens and files can be read on the way.',
    `Set up a certificate: ${PROXY_DOCS}.`,
  );
}

function proxyHeaders({ traffic }: Config, headers: Headers): Outcome {
  const found = OF_PROXIES.map((name) => headers.get(name)).find((value) => value !== null);
  if (found === undefined) return ok('No proxy shows itself in responses.');
  if (traffic.trustProxy !== undefined) return ok(`There is a proxy (${found}), and TRUST_PROXY is set.`);
  return warning(
    `There is a proxy (${found}), but TRUST_PROXY is not set: all clients without a token share one rate limit.`,
    'Set TRUST_PROXY to the number of proxies.',
  );
}

/**
 * Sends the head of a form of 2 MiB without a token. Lectern refuses it by its head, with a code. A proxy with a limit
 * refuses it without a code. The body is sent only when nobody answers, as behind a proxy that buffers requests.
 */
async function bodySize(publicUrl: string): Promise<Outcome> {
  const url = new URL(`${publicUrl}/graphql`);
  const probe = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    agent: false,
    signal: AbortSignal.timeout(RESPONSE_MS),
    headers: {
      accept: 'application/json',
      'apollo-require-preflight': 'true',
      'content-type': 'multipart/form-data; boundary=probe',
      'content-length': PROBE_BYTES,
    },
  });
  // An error after the response, such as a reset connection, is of no interest.
  probe.on('error', () => undefined);
  probe.flushHeaders();
  const response = once(probe, 'response') as Promise<[IncomingMessage]>;
  const early = await Promise.race([response, delay(EARLY_MS)]);
  if (early === undefined) probe.end(Buffer.alloc(PROBE_BYTES));
  const [answer] = await response;
  const code = codeIn(parsed(await text(answer)));
  probe.destroy();
  if (code !== 'UNAUTHENTICATED') {
    return problem(
      `A body of 2 MiB does not reach Lectern: the proxy answers HTTP ${answer.statusCode ?? 0}.`,
      `Remove the limit of the proxy (nginx: client_max_body_size 0). See ${PROXY_DOCS}.`,
    );
  }
  if (early !== undefined) return ok('A body of 2 MiB reaches Lectern, while it arrives.');
  return warning(
    'The proxy keeps uploads until they are complete.',
    `Switch its buffering off (nginx: proxy_request_buffering off). See ${PROXY_DOCS}.`,
  );
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, {
    ...init,
    redirect: 'manual',
    headers: { accept: 'application/json', ...(init.headers as Record<string, string> | undefined) },
    signal: AbortSignal.timeout(RESPONSE_MS),
  });
  const { status, headers } = response;
  const body = parsed(await response.text());
  const code = codeIn(body);
  return { status, headers, body, ...(code !== undefined && { code }) };
}

/** The first error code in a response of Lectern. Undefined when it is no such response. */
function codeIn(body: unknown): string | undefined {
  const errors = (body as { errors?: readonly { extensions?: { code?: string } }[] } | null)?.errors;
  return errors?.[0]?.extensions?.code;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return null;
  }
}
