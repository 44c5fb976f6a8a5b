import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthenticator } from '../../src/auth/authenticator.js';
import { CommandError } from '../../src/known-failure.js';
import { parseLifetime, tokenCommand } from '../../src/cli/token.js';
import { ConfigError } from '../../src/config.js';
import { DataDir } from '../../src/data-dir/data-dir.js';
import { keptSecret } from '../../src/data-dir/secrets.js';

const SECRET = 'correct-horse-battery-staple-0123456789';
const VARIABLES = [
  'NODE_ENV',
  'AUTH_JWT_SECRET',
  'AUTH_JWKS_URL',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'AUTH_ROLE_CLAIM',
  'MONGODB_URI',
];

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'cli-token-test-'));
  // Empty, not absent, so that a developer's own .env has no effect.
  for (const name of VARIABLES) vi.stubEnv(name, '');
  vi.stubEnv('DATA_DIR', dataDir);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(dataDir, { recursive: true });
});

/** Runs `lectern token` and returns what it writes to standard output. */
async function token(...args: string[]): Promise<string> {
  let written = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  const command = tokenCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    await command.parseAsync(args, { from: 'user' });
  } finally {
    stdout.mockRestore();
  }
  return written;
}

const ALICE = ['--sub', 'alice', '--role', 'instructor'];

describe('lectern token', () => {
  it('prints only a token, which a server on the same DATA_DIR accepts', async () => {
    const printed = await token(...ALICE);
    expect(printed).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const secret = await keptSecret(await DataDir.open(dataDir), 'auth');
    const viewer = await createAuthenticator({ secret, roleClaim: 'role' }).authenticate(`Bearer ${printed.trim()}`);
    expect(viewer).toEqual({ id: 'alice', role: 'instructor' });
  });

  it('signs with AUTH_JWT_SECRET when it is set, also in production', async () => {
    vi.stubEnv('AUTH_JWT_SECRET', SECRET);
    vi.stubEnv('NODE_ENV', 'production');
    vi.stubEnv('PUBLIC_URL', 'https://media.example.org');
    vi.stubEnv('MONGODB_URI', 'mongodb://db.example.org/lectern');
    vi.stubEnv('AUTH_ISSUER', 'https://lectern.example.org');
    vi.stubEnv('AUTH_AUDIENCE', 'lectern');
    vi.stubEnv('AUTH_ROLE_CLAIM', 'part');
    const options = { secret: SECRET, issuer: 'https://lectern.example.org', audience: 'lectern', roleClaim: 'part' };
    const header = `Bearer ${(await token('--sub', 'root', '--role', 'admin')).trim()}`;
    await expect(createAuthenticator(options).authenticate(header)).resolves.toEqual({ id: 'root', role: 'admin' });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each([
    [[], 8 * 3600],
    [['--expires-in', '90s'], 90],
    [['--expires-in', '7d'], 7 * 86_400],
    [['--expires-in', '90'], 90],
  ])('with %j creates a token that is valid for %i seconds', async (args, seconds) => {
    const { iat, exp } = decodeJwt((await token(...ALICE, ...args)).trim());
    expect((exp ?? 0) - (iat ?? 0)).toBe(seconds);
  });

  it('refuses when only an identity provider issues tokens', async () => {
    vi.stubEnv('AUTH_JWKS_URL', 'https://id.example.org/keys');
    await expect(token(...ALICE)).rejects.toThrow(CommandError);
    await expect(token(...ALICE)).rejects.toThrow(/identity provider/);
  });

  it('does not create a secret in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await expect(token(...ALICE)).rejects.toThrow(ConfigError);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each([
    [['--role', 'student'], /--sub/],
    [['--sub', 'alice'], /--role/],
    [['--sub', '', '--role', 'student'], /1 to 256 characters/],
    [['--sub', 'alice', '--role', 'owner'], /admin, instructor, student/],
    [[...ALICE, '--expires-in', '8x'], /such as 8h/],
    [[...ALICE, 'more'], /too many arguments/],
  ])('with %j fails and names the wrong option', async (args, message) => {
    const attempt = token(...args);
    await expect(attempt).rejects.toThrow(CommanderError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe('parseLifetime', () => {
  it.each([
    ['1s', 1],
    ['15m', 900],
    ['8h', 28_800],
    ['365d', 31_536_000],
  ])('reads %s as %i seconds', (text, seconds) => {
    expect(parseLifetime(text)).toBe(seconds);
  });

  it.each(['', '0', 'h', '0s', '-1h', '1.5h', '366d', '8 h', '1w', '9'.repeat(400) + 's'])('refuses %j', (text) => {
    expect(() => parseLifetime(text)).toThrow(/such as 8h/);
  });
});
