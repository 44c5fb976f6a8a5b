import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs Node with these arguments to its end. Rejects when it fails. */
export async function runNode(args: readonly string[], environment: Record<string, string> = {}): Promise<void> {
  await run(process.execPath, args, { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment } });
}
