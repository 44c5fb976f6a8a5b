import type { App } from '../app.js';
import { loadConfig, misnamedVariables } from '../config.js';

/**
 * Runs a command with the parts of the server. A server may run at the same time. The log is written to standard error.
 * @throws DATABASE_UNAVAILABLE when the database does not answer, as in the server.
 */
export async function withApp<T>(run: (app: App) => Promise<T>): Promise<T> {
  const config = loadConfig();
  for (const { variable, meant } of misnamedVariables()) {
    process.stderr.write(`${variable} is set, but it is not a setting of Lectern: set ${meant}.\n`);
  }
  // Loaded on demand: printing the help of a command does not need these modules.
  const [{ createApp }, { Telemetry }, { recogniseDatabaseError }] = await Promise.all([
    import('../app.js'),
    import('../telemetry.js'),
    import('../database/database-errors.js'),
  ]);
  const telemetry = new Telemetry({ level: 'warn', destination: process.stderr, ...config.tests });
  const app = await createApp(config, { telemetry, besideServer: true });
  try {
    return await run(app);
  } catch (error) {
    throw recogniseDatabaseError(error) ?? error;
  } finally {
    await app.stop();
  }
}
