import type { Command } from 'commander';
import { loadConfig, secretsOf } from '../config.js';
import type { Diagnosis } from '../diagnosis.js';
import { answeringCommand, answerWith, EXIT_CLEAN, EXIT_FINDINGS } from './answering-command.js';
import { printList } from './print-list.js';

interface DoctorOptions {
  readonly json?: boolean;
}

/** `lectern doctor`: checks everything that the server needs, and says what is wrong and what to do. */
export function doctorCommand(): Command {
  return answeringCommand('doctor')
    .description('Check the configuration, the database and the storages. Each fault comes with what to do about it.')
    .option('--json', 'print a JSON list instead of lines')
    .action((options: DoctorOptions) => answerWith(doctor(options)));
}

async function doctor({ json = false }: DoctorOptions): Promise<number> {
  // Imports app.js because its models declare the indexes that are checked.
  const [{ examineInstallation }] = await Promise.all([import('../app/examination.js'), import('../app.js')]);
  const secrets = secretsOf();
  const statuses = new Set<Diagnosis['status']>();
  async function* diagnoses(): AsyncGenerator<Diagnosis> {
    for await (const diagnosis of examineInstallation(loadConfig)) {
      statuses.add(diagnosis.status);
      yield without(secrets, diagnosis);
    }
  }
  await printList(diagnoses(), { json, line: lineOf });
  return statuses.has('problem') ? EXIT_FINDINGS : EXIT_CLEAN;
}

function lineOf({ check, status, message, remedy }: Diagnosis): string {
  return `${status.padEnd(7)}  ${check.padEnd(20)}  ${message}${remedy === undefined ? '' : ` ${remedy}`}`;
}

/** Replaces secrets by `***`: messages of drivers and stores may contain them. */
function without(secrets: readonly string[], diagnosis: Diagnosis): Diagnosis {
  const { message, remedy } = diagnosis;
  const hide = (text: string): string => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
  return { ...diagnosis, message: hide(message), ...(remedy !== undefined && { remedy: hide(remedy) }) };
}
