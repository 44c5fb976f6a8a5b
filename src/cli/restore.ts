import type { Command } from 'commander';
import type { App } from '../app.js';
import type { BackupFolder } from '../backup/backup-folder.js';
import { answeringCommand, answerWith, EXIT_CLEAN, EXIT_FINDINGS } from './answering-command.js';
import { backupParts } from './backup-parts.js';
import { RUN_AGAIN, runLong } from './long-command.js';
import { ProgressBar } from './progress-bar.js';
import { withApp } from './with-app.js';

interface RestoreOptions {
  readonly snapshot?: string;
}

/** `lectern restore DIR`: writes a snapshot of `lectern backup` into an empty installation. */
export function restoreCommand(): Command {
  return answeringCommand('restore')
    .description(
      'Restore the records and files that lectern backup has saved. Database and storages must be empty, and no server ' +
        'may run. After an interruption, run it again to continue. At the end, all files are compared with their ' +
        'records. The exit code is 1 when they differ, and 2 when the command failed.',
    )
    .argument('<folder>', 'the folder of lectern backup')
    .option('--snapshot <name>', 'the snapshot to restore; the last one when absent')
    .action(async (path: string, options: RestoreOptions) => {
      const { BackupFolder } = await import('../backup/backup-folder.js');
      const folder = new BackupFolder(path);
      await answerWith(folder.explaining(withApp((app) => restore(app, folder, options))));
    });
}

/** Resolves with the exit code. */
async function restore(app: App, folder: BackupFolder, options: RestoreOptions): Promise<number> {
  const [{ BackupError }, { openLast }, { assertEmptyStorages, restoreSnapshot }] = await Promise.all([
    import('../backup/backup-folder.js'),
    import('../backup/open-snapshot.js'),
    import('../backup/restore.js'),
  ]);
  const [{ connectedDatabase, holdsRecords }, mark, parts] = await Promise.all([
    import('../database/detached-database.js'),
    import('../database/copy-mark.js'),
    backupParts(app),
  ]);
  const { name, snapshot } = await openLast(folder, options.snapshot);
  const db = connectedDatabase();
  const source = `snapshot ${name}`;
  if ((await mark.unfinishedCopy(db)) !== source) {
    await mark.assertNoUnfinishedCopy(db);
    if (await holdsRecords(db)) throw new BackupError('The database has records already. Nothing was restored.');
    await assertEmptyStorages(snapshot, parts.storageNamed);
    await mark.markCopy(db, source);
  }
  const bar = new ProgressBar();
  return runLong(bar, RUN_AGAIN, async ({ signal }) => {
    await restoreSnapshot(folder, snapshot, parts, {
      signal,
      onProgress: (progress) => bar.show({ total: undefined, ...progress }),
    });
    let findings = 0;
    for await (const { kind, storage, key } of app.reconciliation.findings({ deep: true })) {
      findings += 1;
      bar.say(`${kind}: ${storage}/${key}`);
    }
    if (findings === 0) await mark.unmarkCopy(db);
    const { files, contents } = snapshot.manifest;
    const records = Object.entries(contents).reduce(
      (sum, [part, { entries }]) => sum + (part.endsWith('.bson') ? entries : 0),
      0,
    );
    const text =
      `Restored ${records} records and ${files} files of snapshot ${name}. ` +
      `Every file was read and compared with its record: ${findings === 0 ? 'all is well' : `${findings} findings`}.\n`;
    return { text, exitCode: findings === 0 ? EXIT_CLEAN : EXIT_FINDINGS };
  });
}
