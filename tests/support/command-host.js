// Runs commands of the built `lectern` one after the other, each with its own environment, because loading the program
// takes longer than most commands. Gets commands and returns results by messages (cli.ts).
import { format } from 'node:util';
import { lecternProgram, reportFailure } from '../../dist/cli/program.js';

/** Thrown where a command ends its process. */
const ENDED = new Error('The command ended its process.');

process.exit = (code) => {
  process.exitCode = code ?? process.exitCode;
  throw ENDED;
};

async function run({ environment, args }) {
  process.env = { ...environment };
  process.exitCode = undefined;
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    process[name].write = (text) => {
      written[name] += String(text);
      return true;
    };
  }
  console.error = (...values) => process.stderr.write(`${format(...values)}\n`);
  try {
    await (await lecternProgram(args)).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error !== ENDED) reportFailure(error);
  }
  return { exitCode: process.exitCode ?? 0, ...written };
}

process.on('message', (message) => {
  void run(message).then((result) => process.send(result));
});
