import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CommandError, knownFailure, printFailure } from '../../src/known-failure.js';
import { ConfigError } from '../../src/config.js';
import { DataDirError } from '../../src/data-dir/data-dir.js';
import { LecternError } from '../../src/errors.js';

const CONFIG_ERROR = new ConfigError([{ variable: 'PORT', problem: '"x" is no port', remedy: 'Set a port' }]);

function listenFailure(options: { port: number; host: string }): Promise<unknown> {
  return new Promise((fail) => createServer().once('error', fail).listen(options));
}

describe('knownFailure explains', () => {
  it.each([
    ['an invalid configuration', CONFIG_ERROR, CONFIG_ERROR.message],
    ['an unusable data folder', new DataDirError('DATA_DIR: /x cannot be used'), 'DATA_DIR: /x cannot be used'],
    ['a failed command', new CommandError('Not here'), 'Not here'],
    [
      'an unavailable database',
      new LecternError('DATABASE_UNAVAILABLE', undefined, { cause: new Error('no db:1') }),
      '(no db:1)',
    ],
    ['an unavailable storage', new LecternError('STORAGE_UNAVAILABLE'), 'The file storage does not answer.'],
  ])('%s', (_case, error, message) => {
    expect(knownFailure(error)).toContain(message);
  });

  it('a second server on the same embedded database', () => {
    const locked = Object.assign(new Error('/data/database is in use.'), { name: 'EmbeddedDatabaseLockedError' });
    expect(knownFailure(locked)).toMatch(/^\/data\/database is in use\.\nIs another Lectern running/);
  });

  it('a port in use', async () => {
    const first = createServer();
    await new Promise<void>((listening) => first.listen(0, '127.0.0.1', listening));
    const { port } = first.address() as AddressInfo;
    const message = knownFailure(await listenFailure({ port, host: '127.0.0.1' }));
    await new Promise((closed) => first.close(closed));
    expect(message).toBe(
      `127.0.0.1, port ${port}, is in use by another process. ` +
        'Stop it, or set PORT to another port (0 for any free one).',
    );
  });

  it('a host that is not an address of this machine', async () => {
    expect(knownFailure(await listenFailure({ port: 0, host: '192.0.2.1' }))).toMatch(
      /^192\.0\.2\.1.*Set HOST to an address of this machine/,
    );
  });
});

describe('knownFailure returns undefined, so that the stack is shown, for', () => {
  it.each([
    new TypeError('x is not a function'),
    new LecternError('INTERNAL_SERVER_ERROR'),
    Object.assign(new Error('open'), { code: 'EACCES', syscall: 'open' }),
    'a string',
    undefined,
  ])('%s', (error) => {
    expect(knownFailure(error)).toBeUndefined();
  });
});

describe('printFailure', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('prints no secret of the environment, whatever the error contains', () => {
    vi.stubEnv('MONGODB_URI', 'mongodb://app:p%40ssword@db/lectern');
    vi.stubEnv('AUTH_JWT_SECRET', 'correct-horse-battery-staple-0123456789');
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    printFailure(
      new TypeError('no mongodb://app:p%40ssword@db/lectern, p@ssword, correct-horse-battery-staple-0123456789'),
    );
    printFailure(new CommandError('p@ssword'));
    expect(written.join('')).toMatch(/TypeError: no \*\*\*, \*\*\*, \*\*\*\n\s+at .*\*\*\*\n$/s);
    expect(written.join('')).not.toMatch(/p@ssword|p%40|horse/);
  });
});
