import { type App, createApp } from '../app.js';
import { loadConfig } from '../config.js';
import { Telemetry } from '../telemetry.js';

/** Runs a command on the parts of the server, beside a running one if there is one. Its log goes to standard error. */
export async function withApp<T>(run: (app: App) => Promise<T>): Promise<T> {
  const config = loadConfig();
  const telemetry = new Telemetry({ level: 'warn', destination: process.stderr, ...config.tests });
  const app = await createApp(config, { telemetry, besideServer: true });
  try {
    return await run(app);
  } finally {
    await app.stop();
  }
}
