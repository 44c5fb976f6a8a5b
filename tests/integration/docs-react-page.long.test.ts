import { describe, expect, it } from 'vitest';
import { tokenFor } from '../support/app.js';
import { hasChromium } from '../support/browser.js';
import { fileOf, useReactPage } from '../support/react-page.js';

/** An error page as nginx sends it. */
const html = (title: string): string =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>`;

describe.skipIf(!hasChromium)('the React page of the README, built by Vite, in a browser', () => {
  const react = useReactPage();

  it("shows the server's message when a file is refused", async () => {
    const notAPicture = {
      name: 'react.page.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from('<!doctype html><p>Hello'),
    };
    await react.page.locator('input[name=thumbnail]').setInputFiles(notAPicture);
    const answered = react.page.waitForResponse((response) => response.url().endsWith('/graphql'));
    await react.create();
    const { errors } = (await (await answered).json()) as { errors: { message: string; extensions: object }[] };
    expect(errors[0]?.extensions).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    await react.expectSentence(errors[0]!.message);

    await react.page.locator('input[name=thumbnail]').setInputFiles(fileOf('thumbnail'));
    await react.create();
    await react.expectCourse();
  });

  it('asks to sign in again when the token has expired', async () => {
    await react.page.getByPlaceholder('Token').fill(await tokenFor('alice', 'instructor', -60));
    await react.create();
    await react.expectSentence(/Sign in again\.$/);

    await react.page.getByPlaceholder('Token').fill(await tokenFor('alice', 'instructor'));
    await react.create();
    await react.expectCourse();
  });

  it.each([
    [413, html('413 Request Entity Too Large'), 'The server does not take files of this size.'],
    [502, html('502 Bad Gateway'), 'The server cannot answer now (HTTP status 502). Try again in a minute.'],
    [200, html('Welcome to the Wi-Fi'), 'The server cannot answer now (HTTP status 200). Try again in a minute.'],
  ])('explains what to do when a proxy answers HTML with status %d', async (status, answer, sentence) => {
    react.site.fault = { status, html: answer };
    await react.create();
    await react.expectSentence(sentence);

    react.site.fault = null;
    await react.create();
    await react.expectCourse();
  });

  it('says that the connection was lost', async () => {
    react.site.fault = 'connection lost';
    await react.create();
    await react.expectSentence(/^The connection was lost\./);

    react.site.fault = null;
    await react.create();
    await react.expectCourse();
  });
});
