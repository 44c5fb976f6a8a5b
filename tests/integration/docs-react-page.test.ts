import { describe, it } from 'vitest';
import { hasChromium } from '../support/browser.js';
import { useReactPage } from '../support/react-page.js';

describe.skipIf(!hasChromium)('the React page of the README, built by Vite, in a browser', () => {
  const react = useReactPage();

  it('creates a course and shows its picture and its video', async () => {
    await react.create();
    await react.expectCourse();
  });
});
