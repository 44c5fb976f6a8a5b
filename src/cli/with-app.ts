import type { App } from '../app.js';
import { loadConfig, misnamedVariables } from '../config.js';

/**
 * Runs a command on the parts of the server, beside a running server if there is one. The log goes to standard error.
 * A database that stops answering meanwhile is DATABASE_UNAVAILABLE, as in the server.
 */
export async function withApp<T>(run: (app: App) => Promise<T>): Promise<T> {
  const config = loadConfig();
  for (const { variable, meant } of misnamedVariables()) {
    process.stderr.write(`${variable} is set, and Lectern does not know it: set ${meant}.\n`);
  }
  // Loaded only now: a command that is only asked for its help needs none of it.
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
