import { describe, expect, it } from 'vitest';
import { hasChromium } from '../../support/browser.js';
import { createCourse, createTopic, createVideo } from '../../support/client.js';
import { fixtures } from '../../support/fixtures.js';
import { longVideo } from '../../support/long-video.js';
import { waitUntil } from '../../support/patience.js';
import { expectAccessible } from './accessibility.js';
import { filmWithRareCodecs } from './films.js';
import { choose, useStudio } from './studio.js';

describe.skipIf(!hasChromium)('every page of the studio', () => {
  const studio = useStudio();

  it.each(['phone', 'desktop'] as const)('is accessible on a %s, dark and light', async (device) => {
    const { page, client } = await studio.signIn(`ada-${device}`, 'instructor', device);
    const { id } = await createCourse(
      client,
      {
        title: `A course with quite a long title ${device}`,
        level: 'BEGINNER',
        category: 'sports',
        description: 'Words.',
      },
      { thumbnail: fixtures.thumbnail, introVideo: fixtures.intro },
    );
    const topicId = await createTopic(client, id, 'A topic');
    const video = await createVideo(client, topicId, 'A lesson', { file: fixtures.video });
    await createVideo(client, topicId, 'A lesson without a file');
    const look = (name: string): Promise<void> => expectAccessible(page, name, device);

    await page.reload();
    await page.getByRole('link', { name: `A course with quite a long title ${device}` }).waitFor();
    await look('courses');
    await page.getByRole('button', { name: 'New course' }).click();
    await page.getByRole('dialog').waitFor();
    await look('course form');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto(studio.at(`/courses/${id}`));
    await page.getByRole('link', { name: 'A lesson', exact: true }).waitFor();
    await look('course');
    await page.getByRole('button', { name: 'Move A lesson', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Move down' }).waitFor();
    await look('menu');
    await page.keyboard.press('Escape');
    await choose(page, 'Actions for topic A topic', 'Edit topic');
    await page.getByRole('dialog').getByLabel('Title').waitFor();
    await look('topic form');
    await page.keyboard.press('Escape');
    await choose(page, 'Actions for topic A topic', 'Delete topic');
    await page.getByRole('dialog').getByText('With it go 2 videos').waitFor();
    await look('confirmation');
    await page.keyboard.press('Escape');
    await page.getByLabel('Add videos to A topic').setInputFiles([
      { name: 'No film.mp4', mimeType: 'video/mp4', buffer: Buffer.from('words') },
      { name: 'Rare.mp4', mimeType: 'video/mp4', buffer: filmWithRareCodecs() },
    ]);
    await page.getByText('No film.mp4 cannot be played').waitFor();
    await page.getByRole('list', { name: 'Warnings: Rare.mp4' }).waitFor();
    await page.getByText('All uploads are finished').waitFor();
    await look('warnings');
    await page.goto(studio.at(`/videos/${video.id}`));
    await page.getByRole('form', { name: 'Add resource' }).waitFor();
    await look('lesson');
    await page
      .getByLabel('Resource file')
      .setInputFiles({ name: 'n.txt', mimeType: 'text/plain', buffer: Buffer.from('n\n') });
    await page.getByRole('button', { name: 'Add resource' }).click();
    await page
      .getByRole('region', { name: 'Uploads' })
      .getByText(/^Published/)
      .waitFor();
    await look('uploads');
    await page.close();

    const stranger = await studio.visit(`/videos/${video.id}`, device);
    await stranger.getByRole('heading', { name: 'Sign in to watch this lesson' }).waitFor();
    await expectAccessible(stranger, 'locked', device);
    await stranger.goto(studio.at('/sign-in'));
    await stranger.getByLabel('Token').waitFor();
    await expectAccessible(stranger, 'sign-in', device);
    await stranger.goto(studio.at('/nowhere'));
    await stranger.getByRole('heading', { name: 'There is no such page.' }).waitFor();
    await expectAccessible(stranger, 'not found', device);
    await stranger.close();
  });

  it('needs no dragging: what is dragged has buttons that do the same, and sliders take a tap', async () => {
    const { page, client } = await studio.signIn('kim', 'instructor', 'phone');
    const { id } = await createCourse(client, { title: 'To order' });
    const topics = [await createTopic(client, id, 'One'), await createTopic(client, id, 'Two')];
    const [video] = [
      await createVideo(client, topics[0]!, 'a', { file: longVideo(30, 0) }),
      await createVideo(client, topics[0]!, 'b'),
    ];
    await page.goto(studio.at(`/courses/${id}`));
    await page.getByRole('link', { name: 'b', exact: true }).waitFor();
    // Everything that can be dragged: the topics and the lessons.
    const dragged = page.locator('[draggable=true]');
    expect(await dragged.count()).toBe(4);
    expect(await page.getByRole('button', { name: /^Move / }).count()).toBe(4);
    await choose(page, 'Move b', 'Move up');
    await page.getByText('b is now 1 of 2.').waitFor({ state: 'attached' });
    await choose(page, 'Move Two', 'Move to the top');
    await page.getByText('Two is now 1 of 2.').waitFor({ state: 'attached' });

    await page.goto(studio.at(`/videos/${video.id}`));
    await page.getByText('0:00 / 1:00').waitFor();
    const seek = page.getByRole('slider', { name: 'Seek' });
    const { x, y, width, height } = (await seek.boundingBox())!;
    await page.mouse.click(x + width / 2, y + height / 2);
    await waitUntil(async () => Math.abs(Number(await seek.inputValue()) - 30) < 3);
    await page.close();
  });

  it('is reached by keys alone: skip link, menu, dialog', async () => {
    const { page } = await studio.signIn('eve');
    await page.getByRole('heading', { name: 'Courses' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.getByRole('button', { name: 'New course' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate('document.activeElement.labels[0].textContent.trim()')).toBe('Title');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('New course');
    await page.getByRole('button', { name: 'Account of eve' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await waitUntil(async () => (await page.evaluate('document.activeElement.textContent')) === 'Sign out');
    await page.close();
  });
});
