import type { Command } from 'commander';
import type { App } from '../app.js';
import type { BackupFolder } from '../backup/backup-folder.js';
import { answeringCommand, answerWith, EXIT_CLEAN, EXIT_FINDINGS } from './answering-command.js';
import { backupParts } from './backup-parts.js';
import { runLong } from './long-command.js';
import { formatBytes } from './progress.js';
import { ProgressBar } from './progress-bar.js';
import { withApp } from './with-app.js';

interface BackupOptions {
  readonly verify?: boolean;
}

/** `lectern backup DIR`: saves all records and their files to a folder, and verifies what is there. */
export function backupCommand(): Command {
  return answeringCommand('backup')
    .description(
      'Save all records, and the files that they have, to a folder. Servers may run meanwhile. Run it again to add a ' +
        'snapshot: files that are there already are not copied again. After an interruption, the snapshots that were ' +
        'complete are still whole. The exit code is 2 when no snapshot was made.',
    )
    .argument('<folder>', 'where to save. It should be on another disk than DATA_DIR')
    .option(
      '--verify',
      'make no snapshot, but compare the last one with its checksums. The exit code is 1 when it differs',
    )
    .action(async (path: string, { verify = false }: BackupOptions) => {
      const { BackupFolder } = await import('../backup/backup-folder.js');
      const folder = new BackupFolder(path);
      const work = verify ? verifyLast(folder) : withApp((app) => makeSnapshot(app, folder));
      await answerWith(folder.explaining(work));
    });
}

/** Resolves with the exit code. */
async function makeSnapshot(app: App, folder: BackupFolder): Promise<number> {
  const [{ BackupRun }, parts] = await Promise.all([import('../backup/make-backup.js'), backupParts(app)]);
  const bar = new ProgressBar();
  return runLong(bar, 'Stopped. No snapshot was made.', async ({ signal }) => {
    const run = new BackupRun(parts, {
      signal,
      onProgress: (progress) => bar.show({ total: undefined, ...progress }),
    });
    const { records, files, copied, copiedBytes } = await run.into(folder);
    const text =
      `Saved ${records} records with ${files} files to ${folder.path}; ` +
      `copied ${copied} new files (${formatBytes(copiedBytes)}).\n`;
    return { text, exitCode: EXIT_CLEAN };
  });
}

/** Resolves with the exit code. */
async function verifyLast(folder: BackupFolder): Promise<number> {
  const [{ faultsOf }, { openLast }] = await Promise.all([
    import('../backup/verify.js'),
    import('../backup/open-snapshot.js'),
  ]);
  const { name, snapshot } = await openLast(folder);
  const bar = new ProgressBar();
  let faults = 0;
  let done = 0;
  const onFile = (): void => bar.show({ label: 'Reading files', done: ++done, total: snapshot.manifest.files });
  for await (const fault of faultsOf(folder, snapshot, onFile)) {
    faults += 1;
    bar.clear();
    process.stdout.write(`${fault}\n`);
  }
  bar.end();
  process.stdout.write(
    `Snapshot ${name}, ${snapshot.manifest.files} files: ${faults === 0 ? 'whole' : `${faults} faults`}.\n`,
  );
  return faults === 0 ? EXIT_CLEAN : EXIT_FINDINGS;
}
