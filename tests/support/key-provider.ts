import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type GenerateKeyPairResult, type JWK } from 'jose';

/** An identity provider on loopback that publishes keys. */
export interface KeyProvider {
  readonly url: string;
  /** The published keys. Tests may change them. */
  keys: JWK[];
  /** When set, handles requests instead, for faults. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** The number of requests. */
  readonly asked: () => number;
  close(): void;
}

export async function startKeyProvider(keys: JWK[] = []): Promise<KeyProvider> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    if (provider.answer) provider.answer(request, response);
    else response.end(JSON.stringify({ keys: provider.keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider: KeyProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    keys,
    answer: undefined,
    asked: () => asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return provider;
}

export interface NamedKey extends GenerateKeyPairResult {
  readonly alg: string;
  readonly kid: string;
  /** The public key, as published. */
  readonly jwk: JWK;
}

export async function newKey(alg: string, kid: string): Promise<NamedKey> {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { ...pair, alg, kid, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' } };
}
