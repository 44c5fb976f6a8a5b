import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type GenerateKeyPairResult, type JWK } from 'jose';

/** An identity provider that publishes keys on loopback. */
export interface KeyProvider {
  readonly url: string;
  /** What it publishes; may be changed. */
  keys: JWK[];
  /** How it answers instead, when it does not publish its keys as it should. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** How often it was asked. */
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
  /** The public half, as it is published. */
  readonly jwk: JWK;
}

export async function newKey(alg: string, kid: string): Promise<NamedKey> {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { ...pair, alg, kid, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' } };
}
