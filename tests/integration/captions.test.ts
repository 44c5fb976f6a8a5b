import { afterAll, beforeAll, expect, it } from 'vitest';
import { VideoModel } from '../../src/catalog/video/video.model.js';
import { startApp, type TestApp } from '../support/app.js';
import { clientOf, createCourse, createTopic, createVideo, type Client } from '../support/client.js';
import { download, sha256 } from '../support/download.js';
import { dumpOf } from '../support/dump.js';
import { fixtures } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { dataOf, errorCodes } from '../support/graphql-client.js';
import { fileOf, type UploadFile } from '../support/multipart.js';
import { vttFile, VTT } from '../support/samples.js';
import { onAnyStorage } from '../support/storages.js';
import { leftAfterSweep } from '../support/wholeness.js';

const MIB = 1024 ** 2;
const CUE = '00:00.000 --> 00:01.000\nHi\n';

/** WebVTT of exactly `size` bytes. */
function vttOf(size: number): UploadFile {
  const note = 'NOTE ' + 'x'.repeat(70) + '\n\n';
  const text = 'WEBVTT\n\n' + note.repeat(Math.ceil(size / note.length));
  return vttFile(text.slice(0, size - CUE.length - 2) + '\n\n' + CUE);
}

const GOOD: [string, string | Buffer][] = [
  ['cues without hours', `WEBVTT\n\n${CUE}`],
  ['only the header', 'WEBVTT'],
  ['text after the header', `WEBVTT - made by hand\n\n${CUE}`],
  ['a tab after the header', `WEBVTT\tmade by hand\n\n${CUE}`],
  ['a byte order mark', `\uFEFFWEBVTT\n\n${CUE}`],
  ['lines that end in CR LF', `WEBVTT\r\n\r\n1\r\n00:00:01.000 --> 00:00:02.000\r\nHi\r\n\r\n`],
  ['lines that end in CR', `WEBVTT\r\r00:01.000 --> 00:02.000\rHi\r`],
  ['more than 99 hours', 'WEBVTT\n\n100:00:00.000 --> 100:00:01.000\nLate\n'],
  ['cue settings', 'WEBVTT\n\n00:01.000 --> 00:02.000 line:0 position:20% align:start\nHi\n'],
  ['a comment with an arrow', `WEBVTT\n\nNOTE a --> b is no time line\n\nNOTE\n1 --> 2\n\n${CUE}`],
  ['a STYLE block', `WEBVTT\n\nSTYLE\n::cue { color: lime }\n\n${CUE}`],
  ['a REGION block', `WEBVTT\n\nREGION\nid:fred\nwidth:40%\nlines:3\n\n${CUE}`],
  ['text in several scripts', 'WEBVTT\n\n00:01.000 --> 00:02.000\nΓειά 你好 مرحبا 👋🏽\n'],
  ['no spaces around the arrow', 'WEBVTT\n\n00:00.000-->00:01.000\nHi\n'],
  ['hours of one digit', 'WEBVTT\n\n0:00:00.000 --> 0:00:01.000\nHi\n'],
  ['a cue of zero length', 'WEBVTT\n\n00:01.000 --> 00:01.000\nHi\n'],
  ['a cue name', 'WEBVTT\n\nchapter 1\n00:01.000 --> 00:02.000\nHi\n'],
];

const BAD: [string, string | Buffer, string?][] = [
  ['an empty file', '', 'EMPTY_FILE'],
  ['no header', CUE],
  ['a longer word in place of the header', 'WEBVTTX\n\n'],
  ['a header in lower case', `webvtt\n\n${CUE}`],
  ['an empty line before the header', `\nWEBVTT\n\n${CUE}`],
  ['Latin-1', Buffer.from('WEBVTT\n\n00:01.000 --> 00:02.000\nÜbung\n', 'latin1')],
  ['UTF-16', Buffer.from(VTT, 'utf16le')],
  ['half a character at the end', Buffer.concat([Buffer.from(`${VTT}\n`), Buffer.from([0xe2, 0x82])])],
  ['a comma in the time', 'WEBVTT\n\n00:00:01,000 --> 00:00:02.000\nHi\n'],
  ['times without milliseconds', 'WEBVTT\n\n00:01 --> 00:02\nHi\n'],
  ['61 as seconds', 'WEBVTT\n\n00:00.000 --> 00:61.000\nHi\n'],
  ['61 as minutes', 'WEBVTT\n\n00:00:00.000 --> 00:61:00.000\nHi\n'],
  ['no end time', 'WEBVTT\n\n00:00.000 -->\nHi\n'],
  ['SubRip with a wrong time line', '1\n00:00:01,000 --> 00:00:02,000\nHi\n\n2\n00:00:03,000 --> soon\nHo\n'],
  ['SubRip in Latin-1', Buffer.from('1\n00:00:01,000 --> 00:00:02,000\nÜbung\n', 'latin1')],
  ['a wrong line after 250 KB', `WEBVTT\n\n${`${CUE}\n`.repeat(9_000)}00:09.000 --> 0:10\nHi\n`],
  ['HTML', '<!doctype html><script>alert(1)</script>'],
  ['a picture', fixtures.png.bytes],
  ['a video', fixtures.video.bytes],
];

onAnyStorage('captions of a video', (storage) => {
  let app: TestApp;
  let ada: Client;
  let topicId: string;

  beforeAll(async () => {
    app = await startApp(await storage.environment());
    ada = await clientOf(app, 'ada');
    topicId = await createTopic(ada, (await createCourse(ada, { title: 'Captioned' })).id, 'Captioned');
  });
  afterAll(() => app.remove());

  const newVideo = async (title: string): Promise<string> => (await createVideo(ada, topicId, title)).id;
  const add = (videoId: string, file: UploadFile, input: gql.AddCaptionInput = { language: 'en' }) =>
    ada.upload(gql.AddVideoCaptionDocument, { videoId, file: null, input }, { file });
  const captionsOf = async (id: string, client = ada) =>
    dataOf(await client.send(gql.VideoItemsOfDocument, { id })).video!.captions;

  it('are stored with language, kind and label, listed in order, and served as text/vtt', async () => {
    const videoId = await newVideo('Two languages');
    const full = { language: 'PT-br', kind: 'CAPTIONS', label: ' Português ', isDefault: true } as const;
    dataOf(await add(videoId, vttFile(VTT, 'legendas.vtt'), full));
    const { addVideoCaption } = dataOf(await add(videoId, vttFile(`WEBVTT\n\n${CUE}`), { language: 'zh-hant-tw' }));
    expect(addVideoCaption.captions).toMatchObject([
      { language: 'pt-BR', kind: 'CAPTIONS', label: 'Português', isDefault: true, file: { filename: 'legendas.vtt' } },
      { language: 'zh-Hant-TW', kind: 'SUBTITLES', label: 'zh-Hant-TW', isDefault: false },
    ]);
    const student = await clientOf(app, 'sam', 'student');
    expect(await captionsOf(videoId, student)).toEqual(addVideoCaption.captions);

    const { file } = addVideoCaption.captions![0]!;
    expect(file).toMatchObject({ contentType: 'text/vtt', size: VTT.length, storage: storage.graphqlName });
    expect(file).toMatchObject({ width: null, height: null, durationSeconds: null });
    expect(file.key).toMatch(new RegExp(`^captions/${videoId}/legendas-[a-z0-9]{8}\\.vtt$`));
    const served = await fetch(file.url);
    expect(served.headers.get('content-type')).toMatch(/^text\/vtt(; ?charset=utf-8)?$/i);
    expect(served.headers.get('content-disposition')).toBe('inline; filename=legendas.vtt');
    expect(await served.text()).toBe(VTT);
    expect(await leftAfterSweep(app.app)).toBe(0);
  });

  it.each([
    [
      'SubRip',
      fileOf('1\n00:00:01,000 --> 00:00:02,500\n{\\an8}Rabbit & hole, 1 < 2.\n', 'knots.srt', 'application/x-subrip'),
      'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nRabbit &amp; hole, 1 &lt; 2.\n\n',
    ],
    [
      'SubRip without a name and type',
      fileOf('00:00:01,000 --> 00:00:02,500\nHi\n', 'knots', 'application/octet-stream'),
      'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHi\n\n',
    ],
    ['WebVTT in UTF-16', vttFile(), VTT],
  ])('are converted to WebVTT in UTF-8: %s', async (what, file, expected) => {
    const videoId = await newVideo(`Converted: ${what}`);
    const utf16 = fileOf(Buffer.from(`\uFEFF${VTT}`, 'utf16le'), 'captions.vtt', 'text/vtt');
    const sent = what.includes('UTF-16') ? utf16 : file;
    const { captions } = dataOf(await add(videoId, sent)).addVideoCaption;
    const stored = captions![0]!.file;
    expect(stored).toMatchObject({ contentType: 'text/vtt', size: Buffer.byteLength(expected) });
    expect(stored.filename).toBe(sent.filename.replace('.srt', '.vtt'));
    expect(stored.key).toMatch(/\.vtt$/);
    const bytes = await download(stored.url);
    expect(bytes.toString('utf8').replace(/\n+$/, '')).toBe(expected.replace(/\n+$/, ''));
    expect(stored.sha256).toBe(sha256(bytes));
  });

  it('are refused with a message that names the wrong line or encoding', async () => {
    const videoId = await newVideo('Wrong');
    const messageOf = async (content: string | Buffer): Promise<string | undefined> =>
      (await add(videoId, fileOf(content, 'a.vtt', 'text/vtt'))).body.errors?.[0]?.message;
    expect(await messageOf('WEBVTT\n\n00:01.000 --> 00:02.000\nGood.\n\n00:03.000 --> soon\nWrong.\n')).toBe(
      'Line 6 of the captions has invalid times.',
    );
    expect(await messageOf('Hello\n')).toBe('The captions are neither WebVTT nor SubRip.');
    expect(await messageOf(Buffer.from('WEBVTT\n\nNOTE Übung\n', 'latin1'))).toBe('The text is not UTF-8.');
  });

  it('are null for anonymous viewers, unless the video is a preview', async () => {
    const videoId = await newVideo('Locked');
    dataOf(await add(videoId, vttFile()));
    const nobody = await clientOf(app);
    expect(await captionsOf(videoId, nobody)).toBeNull();
    dataOf(await ada.send(gql.UpdateVideoDocument, { id: videoId, input: { isPreview: true } }));
    expect(await captionsOf(videoId, nobody)).toHaveLength(1);
    expect(await captionsOf(await newVideo('With none'))).toEqual([]);
  });

  it.each(GOOD)('are accepted with %s', async (what, content) => {
    const videoId = await newVideo(`Good: ${what}`);
    const { captions } = dataOf(await add(videoId, fileOf(content, 'good.vtt', 'text/plain'))).addVideoCaption;
    expect(captions).toHaveLength(1);
    expect(await download(captions![0]!.file.url)).toEqual(Buffer.from(content));
  });

  it('are refused when they are not WebVTT, and leave nothing behind', async () => {
    const videoId = await newVideo('Bad');
    const before = await dumpOf(app);
    for (const [what, content, code = 'UNSUPPORTED_MEDIA_TYPE'] of BAD) {
      const answer = await add(videoId, fileOf(content, 'bad.vtt', 'text/vtt'));
      expect([what, errorCodes(answer)]).toEqual([what, [code]]);
    }
    expect(await dumpOf(app)).toEqual(before);
  });

  it('are refused above 1 MiB', async () => {
    const videoId = await newVideo('Long');
    const { captions } = dataOf(await add(videoId, vttOf(MIB))).addVideoCaption;
    expect(captions).toMatchObject([{ file: { size: MIB } }]);
    const before = await dumpOf(app);
    expect(errorCodes(await add(videoId, vttOf(MIB + 1)))).toEqual(['FILE_TOO_LARGE']);
    expect(await dumpOf(app)).toEqual(before);
  });

  it('need a valid BCP 47 language tag and a label of 1 to 100 characters', async () => {
    const videoId = await newVideo('Languages');
    const before = await dumpOf(app);
    for (const language of [
      '',
      ' ',
      'english!',
      'e',
      'en_US',
      'en-',
      '-en',
      'x'.repeat(300),
      '*',
      'i-klingon-',
      '日本',
    ]) {
      const { body } = await add(videoId, vttFile(), { language });
      const { code, fields } = body.errors![0]!.extensions!;
      expect([language, code, fields]).toEqual([language, 'BAD_USER_INPUT', ['input.language']]);
    }
    for (const label of ['', '  ', 'x'.repeat(101)]) {
      const { body } = await add(videoId, vttFile(), { language: 'en', label });
      expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', fields: ['input.label'] } }]);
    }
    expect(await dumpOf(app)).toEqual(before);
    const tags = ['EN', 'en-us', 'ZH-HANS', 'sr-latn-rs', 'de-1996', 'es-419', 'yue'];
    for (const language of tags) dataOf(await add(videoId, vttFile(), { language }));
    const kept = (await captionsOf(videoId))!.map(({ language }) => language);
    expect(kept).toEqual(['en', 'en-US', 'zh-Hans', 'sr-Latn-RS', 'de-1996', 'es-419', 'yue']);
  });

  it('are deleted one by one, each with its file', async () => {
    const videoId = await newVideo('Deleted');
    for (const language of ['de', 'en', 'fr']) dataOf(await add(videoId, vttFile(), { language }));
    const [de, en, fr] = (await captionsOf(videoId))!;
    const remove = (captionId: string) => ada.send(gql.DeleteVideoCaptionDocument, { videoId, captionId });
    expect(dataOf(await remove(en!.id)).deleteVideoCaption.captions).toEqual([de, fr]);
    expect(await app.app.storages.current.stat(en!.file.key)).toBeNull();
    expect(await app.app.storages.current.stat(de!.file.key)).not.toBeNull();
    expect(await leftAfterSweep(app.app)).toBe(0);
    for (const id of [en!.id, 'nothing', '', videoId]) expect(errorCodes(await remove(id))).toEqual(['NOT_FOUND']);
    const otherVideo = await newVideo('Another');
    const misplaced = await ada.send(gql.DeleteVideoCaptionDocument, { videoId: otherVideo, captionId: de!.id });
    expect(errorCodes(misplaced)).toEqual(['NOT_FOUND']);
    // Two deletions of the same caption at once: at least one succeeds, and the other may get NOT_FOUND.
    const [first, second, other] = (await Promise.all([de!.id, de!.id, fr!.id].map(remove))).map(errorCodes);
    expect(other).toEqual([]);
    expect([
      [first, second],
      [second, first],
    ]).toContainEqual([[], expect.toSatisfy((codes: string[]) => ['', 'NOT_FOUND'].includes(codes.join()))]);
    expect(await captionsOf(videoId)).toEqual([]);
    expect(await leftAfterSweep(app.app)).toBe(0);
  });

  it('can be added and deleted concurrently without losing any', async () => {
    const videoId = await newVideo('At once');
    for (const language of ['aa', 'ab']) dataOf(await add(videoId, vttFile(), { language }));
    const old = (await captionsOf(videoId))!;
    const languages = ['ba', 'bb', 'bc', 'bd', 'be', 'bg'].map((language) => Intl.getCanonicalLocales(language)[0]!);
    const answers = await Promise.all([
      ...languages.map(async (language) => errorCodes(await add(videoId, vttFile(), { language }))),
      ...old.map(async ({ id }) =>
        errorCodes(await ada.send(gql.DeleteVideoCaptionDocument, { videoId, captionId: id })),
      ),
    ]);
    expect(answers.flat()).toEqual([]);
    const now = (await captionsOf(videoId))!;
    expect(now.map(({ language }) => language).sort()).toEqual([...languages].sort());
    const keys: string[] = [];
    for await (const { key } of app.app.storages.current.list(`captions/${videoId}/`)) keys.push(key);
    expect(keys.sort()).toEqual(now.map(({ file }) => file.key).sort());
    expect(await leftAfterSweep(app.app)).toBe(0);
  });

  it('are limited to 100 for each video', async () => {
    const videoId = await newVideo('A hundred');
    dataOf(await add(videoId, vttFile()));
    const [first] = (await VideoModel.findById(videoId).lean())!.captions!;
    const many = Array.from({ length: 99 }, (_, i) => Object.assign({}, first, { _id: `copy-${i}` }));
    await VideoModel.updateOne({ _id: videoId }, { $set: { captions: many } });
    expect(dataOf(await add(videoId, vttFile())).addVideoCaption.captions).toHaveLength(100);
    expect(errorCodes(await add(videoId, vttFile()))).toEqual(['BAD_USER_INPUT']);
    expect(await captionsOf(videoId)).toHaveLength(100);
  });
});
