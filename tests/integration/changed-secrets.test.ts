import { afterEach, expect, it } from 'vitest';
import { startApp, TEST_SECRET, tokenFor, type TestApp } from '../support/app.js';
import { clientOf, createCourse } from '../support/client.js';
import { fixtures } from '../support/fixtures.js';
import { graphql } from '../support/graphql-client.js';

const NEW_SECRET = 'the next secret for tests alone, longer than 32 bytes';
const URL_SECRET = 'the secret of URLs for tests, longer than 32 bytes';

let app: TestApp;
afterEach(() => app.remove());

it.each([
  [
    'tokens and URLs stay valid with AUTH_JWT_SECRET_PREVIOUS',
    {},
    { AUTH_JWT_SECRET: NEW_SECRET, AUTH_JWT_SECRET_PREVIOUS: TEST_SECRET },
    [200, 200],
  ],
  ['tokens and URLs become invalid without the previous secret', {}, { AUTH_JWT_SECRET: NEW_SECRET }, [401, 403]],
  [
    'URLs stay valid with URL_SIGNING_SECRET_PREVIOUS',
    { URL_SIGNING_SECRET: URL_SECRET },
    { URL_SIGNING_SECRET: NEW_SECRET, URL_SIGNING_SECRET_PREVIOUS: URL_SECRET },
    [200, 200],
  ],
  [
    'the previous token secret does not verify URLs when URL_SIGNING_SECRET is set',
    {},
    { URL_SIGNING_SECRET: NEW_SECRET, AUTH_JWT_SECRET_PREVIOUS: TEST_SECRET },
    [200, 403],
  ],
])('after a change of secrets: %s', async (_what, before, after, [tokenStatus, urlStatus]) => {
  app = await startApp(before);
  const token = await tokenFor('ada', 'instructor');
  const course = await createCourse(await clientOf(app, 'ada'), { title: 'Out' }, { thumbnail: fixtures.thumbnail });
  await app.stop();

  app = await startApp(after, app.environment);
  expect((await graphql(app.url, '{ viewer { id } }', {}, { token })).status).toBe(tokenStatus);
  const { pathname, search } = new URL(course.thumbnailUrl!);
  expect((await fetch(`${app.origin}${pathname}${search}`)).status).toBe(urlStatus);
});
