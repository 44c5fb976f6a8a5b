import { Command, InvalidArgumentError, Option } from 'commander';
import { isViewerId, type Role, ROLES } from '../auth/viewer.js';
import { type Config, loadConfig } from '../config.js';
import { DataDir } from '../data-dir/data-dir.js';
import { authSecret } from '../data-dir/secrets.js';
import { parseDuration } from './duration.js';
import { CommandError } from '../known-failure.js';

interface TokenOptions {
  readonly sub: string;
  readonly role: Role;
  /** In seconds. */
  readonly expiresIn: number;
}

const MAX_LIFETIME_SECONDS = 365 * 86_400;

/** `lectern token`: prints a token that the server in this folder accepts, and nothing else. */
export function tokenCommand(): Command {
  return new Command('token')
    .description("Create a token for development. It is signed with the server's secret.")
    .requiredOption('--sub <id>', 'the id of the viewer', parseSubject)
    .addOption(new Option('--role <role>', 'the role of the viewer').choices(ROLES).makeOptionMandatory())
    .option(
      '--expires-in <time>',
      'how long the token is valid: a number of seconds, or a number with s, m, h or d',
      parseLifetime,
      8 * 3600,
    )
    .action(async (options: TokenOptions) => {
      const token = await makeToken(loadConfig(), options);
      process.stdout.write(`${token}\n`);
    });
}

async function makeToken(config: Config, options: TokenOptions): Promise<string> {
  const { mintToken } = await import('../auth/mint-token.js');
  const { issuer, audience, roleClaim } = config.auth;
  return mintToken({
    secret: await secretToSignWith(config),
    sub: options.sub,
    role: options.role,
    roleClaim,
    issuer,
    audience,
    expiresInSeconds: options.expiresIn,
  });
}

async function secretToSignWith(config: Config): Promise<string> {
  const secret = config.auth.secret ?? (await authSecret(config, await DataDir.open(config.database.dataDir)));
  if (secret !== undefined) return secret;
  throw new CommandError(
    'Only AUTH_JWKS_URL is set, so tokens come from your identity provider and this command cannot create them. ' +
      'Set AUTH_JWT_SECRET as well to accept tokens of this command.',
  );
}

/** Parses `90`, `90s`, `15m`, `8h` or `7d`. Returns seconds. */
export function parseLifetime(text: string): number {
  const advice = 'Write a number of seconds, or a number and s, m, h or d, such as 8h; a year at most.';
  return parseDuration(text, { min: 1, max: MAX_LIFETIME_SECONDS, advice });
}

function parseSubject(text: string): string {
  if (!isViewerId(text)) throw new InvalidArgumentError('Write 1 to 256 characters, none of them a control character.');
  return text;
}
