import type { Environment } from '../../src/config.js';
import { startApp, type TestApp } from './app.js';
import { startBrowser, type TestBrowser } from './browser.js';
import { patience } from './patience.js';
import { createReactProject } from './react-project.js';
import { startSite, type ReactSite } from './react-site.js';

/** A server, a documented React page that is served on the same origin, and a browser. */
export interface ReactStage {
  readonly app: TestApp;
  readonly site: ReactSite;
  readonly browser: TestBrowser;
  close(): Promise<void>;
}

/** How long the build of the page and the starts may take, in milliseconds. */
export const STAGE_MS = patience(180_000);

/**
 * @param environment Of the server.
 * @param main The entry of the page, in TypeScript. Absent: that of the README.
 */
export async function openReactStage(environment: Environment = {}, main?: string): Promise<ReactStage> {
  const [app, project, browser] = await Promise.all([startApp(environment), createReactProject(main), startBrowser()]);
  const site = await startSite(await project.build(), app.url);
  return {
    app,
    site,
    browser,
    close: async () => {
      await browser.close();
      await site.close();
      await app.remove();
      await project.remove();
    },
  };
}
