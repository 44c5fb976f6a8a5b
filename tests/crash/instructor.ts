import type { Client } from '../support/client.js';
import { bigMp4, bigPng, fixtures, type SampleFile } from '../support/fixtures.js';
import * as gql from '../support/gql/graphql.js';
import { errorCodes, type GraphqlResponse } from '../support/graphql-client.js';
import { fileOf, graphqlParts, multipartBody, rawRequest, truncated, type UploadFile } from '../support/multipart.js';
import { sha256 } from '../support/download.js';
import type { Random } from './random.js';
import { EMPTY_SHELF, type SeenShelf, type Shelf, type ShelvedCourse, type ShelvedVideo } from './shelf.js';

const MIB = 1024 ** 2;

/** One request, and the shelf after it. */
interface Deed {
  readonly name: string;
  /** The answer; null when the client closed the connection itself. */
  send(): Promise<GraphqlResponse<object> | null>;
  /** Makes the same change to the shelf as the request makes on the server. */
  change(shelf: Shelf): void;
  /** The code of the error that is the expected answer. */
  readonly refusedAs?: string;
}

/** How many of a kind an instructor keeps; at this number it deletes before it creates more. */
const ENOUGH = { courses: 2, topics: 2, videos: 4, captions: 3, images: 6 };

/**
 * A client that works on its own shelf, one request after the other, and records what was acknowledged. Of a request
 * that was not answered it knows only that it was carried out completely or not at all.
 */
export class Instructor {
  private shelf: Shelf = EMPTY_SHELF;
  private ids = new Map<string, string>();
  private open: Deed | undefined;
  private made = 0;

  constructor(
    readonly name: string,
    private readonly random: Random,
    /** By how much one video in eight is longer than the others, in bytes. */
    private readonly longVideoBytes: number,
  ) {}

  /** Works until the connection breaks. Throws on an answer that is neither a success nor the expected refusal. */
  async work(client: Client, url: string): Promise<void> {
    for (;;) {
      const deed = this.nextDeed(client, url);
      this.open = deed;
      let answer;
      try {
        answer = await deed.send();
      } catch (error) {
        // What fetch throws when no answer arrives.
        if (error instanceof TypeError) return;
        throw error;
      }
      if (answer && errorCodes(answer).join() !== (deed.refusedAs ?? '')) {
        throw new Error(`${this.name}, ${deed.name}: ${JSON.stringify(answer.body)}`);
      }
      this.learnIds(answer?.body.data);
      this.shelf = done(deed, this.shelf);
      this.open = undefined;
    }
  }

  /** The shelves that a server may show now: with and without the request that was not answered. */
  acceptable(): Shelf[] {
    return this.open ? [this.shelf, done(this.open, this.shelf)] : [this.shelf];
  }

  /** From now on, what the server shows is taken as the current state. */
  accept({ shelf, ids }: SeenShelf): void {
    this.shelf = shelf;
    this.ids = ids;
    this.open = undefined;
  }

  /** What the client was doing when the connection broke. */
  get openDeed(): string {
    return this.open?.name ?? 'nothing';
  }

  /** Answers give the ids of the created records by the names that the client chose. */
  private learnIds(data: object | null | undefined): void {
    for (const value of Object.values(data ?? {})) {
      const {
        id,
        title,
        altText,
        captions = [],
      } = value as { id?: string; title?: string; altText?: string } & {
        captions?: readonly { id: string; label: string }[];
      };
      const name = title ?? altText;
      if (id !== undefined && name !== undefined) this.ids.set(name, id);
      for (const caption of captions) this.ids.set(caption.label, caption.id);
    }
  }

  private idOf(name: string): string {
    const id = this.ids.get(name);
    if (id === undefined) throw new Error(`${this.name} does not know the id of ${name}.`);
    return id;
  }

  private newName(kind: string): string {
    this.made += 1;
    return `${kind} ${this.name} ${this.made}`;
  }

  /** No two files are the same: each has a different size. */
  private picture(): SampleFile {
    this.made += 1;
    return bigPng(fixtures.png.size + 100 + this.made, `picture-${this.made}.png`);
  }

  private video(): SampleFile {
    this.made += 1;
    const long = this.random.between(1, 8) === 1 ? this.longVideoBytes : 0;
    return bigMp4(fixtures.video.size + 100 + this.made + long, `video-${this.made}.mp4`);
  }

  private captionText(): string {
    this.made += 1;
    return `WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nLine ${this.made} of ${this.name}\n`;
  }

  private nextDeed(client: Client, url: string): Deed {
    const courses = Object.keys(this.shelf.courses);
    if (courses.length === 0) return this.createCourse(client);
    const courseTitle = this.random.one(courses);
    const course = this.shelf.courses[courseTitle]!;
    const topics = Object.keys(course.topics);
    if (topics.length === 0) return this.createTopic(client, courseTitle);
    const topicTitle = this.random.one(topics);
    const videos = Object.keys(course.topics[topicTitle]!);
    if (videos.length === 0) return this.createVideo(client, courseTitle, topicTitle);
    const title = this.random.one(videos);
    const place: VideoPlace = { courseTitle, topicTitle, title };
    const captions = Object.keys(videoAt(this.shelf, place).captions);
    const images = Object.keys(this.shelf.images);

    const deeds: (readonly [weight: number, make: () => Deed])[] = [
      [4, () => this.replaceFile(client, place)],
      [2, () => this.replaceThumbnail(client, place)],
      [2, () => this.replaceCourseThumbnail(client, courseTitle)],
      [2, () => this.refusedCaption(client, place)],
      [2, () => this.brokenOff(client, url, place)],
      ...(videos.length < ENOUGH.videos
        ? ([
            [2, () => this.createVideo(client, courseTitle, topicTitle)],
            [2, () => this.uploadVideo(client, courseTitle, topicTitle)],
          ] as const)
        : []),
      [videos.length < ENOUGH.videos ? 1 : 4, () => this.deleteVideo(client, place)],
      captions.length < ENOUGH.captions
        ? [2, () => this.addCaption(client, place)]
        : [2, () => this.deleteCaption(client, place, this.random.one(captions))],
      images.length < ENOUGH.images
        ? [2, () => this.uploadImage(client)]
        : [2, () => this.deleteImage(client, this.random.one(images))],
      topics.length < ENOUGH.topics
        ? [1, () => this.createTopic(client, courseTitle)]
        : [1, () => this.deleteTopic(client, courseTitle, topicTitle)],
      courses.length < ENOUGH.courses
        ? [1, () => this.createCourse(client)]
        : [1, () => this.deleteCourse(client, courseTitle)],
    ];
    const lots = deeds.flatMap(([weight, make]) => Array.from({ length: weight }, () => make));
    return this.random.one(lots)();
  }

  private createCourse(client: Client): Deed {
    const title = this.newName('course');
    const files = { thumbnail: this.picture(), introVideo: this.video() };
    const course: ShelvedCourse = {
      thumbnail: files.thumbnail.sha256,
      introVideo: files.introVideo.sha256,
      topics: {},
    };
    return {
      name: `create ${title}`,
      send: () => client.upload(gql.CreateCourseDocument, { input: { title, status: 'PUBLISHED' } }, files),
      change: (shelf) => (shelf.courses[title] = course),
    };
  }

  private replaceCourseThumbnail(client: Client, title: string): Deed {
    const file = this.picture();
    return {
      name: `replace the thumbnail of ${title}`,
      send: () =>
        client.upload(gql.UploadCourseThumbnailDocument, { courseId: this.idOf(title), file: null }, { file }),
      change: (shelf) => (shelf.courses[title]!.thumbnail = file.sha256),
    };
  }

  private deleteCourse(client: Client, title: string): Deed {
    return {
      name: `delete ${title}`,
      send: () => client.send(gql.DeleteCourseDocument, { id: this.idOf(title) }),
      change: (shelf) => Reflect.deleteProperty(shelf.courses, title),
    };
  }

  private createTopic(client: Client, courseTitle: string): Deed {
    const title = this.newName('topic');
    return {
      name: `create ${title}`,
      send: () => client.send(gql.CreateTopicDocument, { courseId: this.idOf(courseTitle), input: { title } }),
      change: (shelf) => (shelf.courses[courseTitle]!.topics[title] = {}),
    };
  }

  private deleteTopic(client: Client, courseTitle: string, title: string): Deed {
    return {
      name: `delete ${title}`,
      send: () => client.send(gql.DeleteTopicDocument, { id: this.idOf(title) }),
      change: (shelf) => Reflect.deleteProperty(shelf.courses[courseTitle]!.topics, title),
    };
  }

  private createVideo(client: Client, courseTitle: string, topicTitle: string): Deed {
    const title = this.newName('video');
    const files = { file: this.video(), thumbnail: this.picture() };
    const video: ShelvedVideo = { file: files.file.sha256, thumbnail: files.thumbnail.sha256, captions: {} };
    const variables = (): gql.CreateVideoMutationVariables => ({ topicId: this.idOf(topicTitle), input: { title } });
    return {
      name: `create ${title}`,
      send: () => client.upload(gql.CreateVideoDocument, variables(), files),
      change: (shelf) => (shelf.courses[courseTitle]!.topics[topicTitle]![title] = video),
    };
  }

  /** The short form: the title is taken from the name of the file. */
  private uploadVideo(client: Client, courseTitle: string, topicTitle: string): Deed {
    const title = this.newName('upload');
    const file: SampleFile = { ...this.video(), filename: `${title}.mp4` };
    const sha = sha256(Buffer.concat([...file.chunks()]));
    return {
      name: `upload ${title}`,
      send: () => client.upload(gql.UploadVideoDocument, { topicId: this.idOf(topicTitle), file: null }, { file }),
      change: (shelf) =>
        (shelf.courses[courseTitle]!.topics[topicTitle]![title] = { file: sha, thumbnail: null, captions: {} }),
    };
  }

  private replaceFile(client: Client, place: VideoPlace): Deed {
    const file = this.video();
    return {
      name: `replace the file of ${place.title}`,
      send: () =>
        client.upload(gql.ReplaceVideoFileDocument, { videoId: this.idOf(place.title), file: null }, { file }),
      change: (shelf) => (videoAt(shelf, place).file = file.sha256),
    };
  }

  private replaceThumbnail(client: Client, place: VideoPlace): Deed {
    const file = this.picture();
    return {
      name: `replace the thumbnail of ${place.title}`,
      send: () =>
        client.upload(gql.UploadVideoThumbnailDocument, { videoId: this.idOf(place.title), file: null }, { file }),
      change: (shelf) => (videoAt(shelf, place).thumbnail = file.sha256),
    };
  }

  private deleteVideo(client: Client, { courseTitle, topicTitle, title }: VideoPlace): Deed {
    return {
      name: `delete ${title}`,
      send: () => client.send(gql.DeleteVideoDocument, { id: this.idOf(title) }),
      change: (shelf) => Reflect.deleteProperty(shelf.courses[courseTitle]!.topics[topicTitle]!, title),
    };
  }

  private addCaption(client: Client, place: VideoPlace): Deed {
    const label = this.newName('caption');
    const text = this.captionText();
    const input = { language: 'en', label };
    const variables = (): gql.AddVideoCaptionMutationVariables => ({
      videoId: this.idOf(place.title),
      input,
      file: null,
    });
    return {
      name: `add ${label}`,
      send: () => client.upload(gql.AddVideoCaptionDocument, variables(), { file: captions(text) }),
      change: (shelf) => (videoAt(shelf, place).captions[label] = sha256(Buffer.from(text))),
    };
  }

  private deleteCaption(client: Client, place: VideoPlace, label: string): Deed {
    return {
      name: `delete ${label}`,
      send: () =>
        client.send(gql.DeleteVideoCaptionDocument, { videoId: this.idOf(place.title), captionId: this.idOf(label) }),
      change: (shelf) => Reflect.deleteProperty(videoAt(shelf, place).captions, label),
    };
  }

  /** The fault is at the end, when most of the file is already stored. */
  private refusedCaption(client: Client, place: VideoPlace): Deed {
    const file = captions(
      `${this.captionText()}${'\nNOTE nothing\n'.repeat(10_000)}\n00:02.000 --> 00:0x.000\nWrong\n`,
    );
    const input = { language: 'en', label: this.newName('refused') };
    return {
      name: `add ${input.label}`,
      send: () =>
        client.upload(gql.AddVideoCaptionDocument, { videoId: this.idOf(place.title), input, file: null }, { file }),
      change: () => undefined,
      refusedAs: 'UNSUPPORTED_MEDIA_TYPE',
    };
  }

  /** The client closes the connection in the middle of a file. */
  private brokenOff(client: Client, url: string, place: VideoPlace): Deed {
    const file = bigMp4(fixtures.video.size + MIB + this.made, 'broken-off.mp4');
    return {
      name: `break off a file for ${place.title}`,
      send: async () => {
        const variables = { videoId: this.idOf(place.title), file: null };
        const body = multipartBody(
          graphqlParts({ document: gql.ReplaceVideoFileDocument, variables, files: { file } }),
        );
        await rawRequest(url, { body: truncated(body, MIB), afterwards: 'reset', token: client.token });
        return null;
      },
      change: () => undefined,
    };
  }

  private uploadImage(client: Client): Deed {
    const altText = this.newName('image');
    const file = this.picture();
    return {
      name: `upload ${altText}`,
      send: () => client.upload(gql.UploadImageDocument, { input: { altText }, file: null }, { file }),
      change: (shelf) => (shelf.images[altText] = file.sha256),
    };
  }

  private deleteImage(client: Client, altText: string): Deed {
    return {
      name: `delete ${altText}`,
      send: () => client.send(gql.DeleteImageDocument, { id: this.idOf(altText) }),
      change: (shelf) => Reflect.deleteProperty(shelf.images, altText),
    };
  }
}

interface VideoPlace {
  readonly courseTitle: string;
  readonly topicTitle: string;
  readonly title: string;
}

function videoAt(shelf: Shelf, { courseTitle, topicTitle, title }: VideoPlace): ShelvedVideo {
  return shelf.courses[courseTitle]!.topics[topicTitle]![title]!;
}

function captions(text: string): UploadFile {
  return fileOf(text, 'captions.vtt', 'text/vtt');
}

function done(deed: Deed, shelf: Shelf): Shelf {
  const next = structuredClone(shelf);
  deed.change(next);
  return next;
}
