import type { SampleName } from '../samples.js';

// The records that `lectern seed` creates. It recognises them by their titles.

export interface SeedVideo {
  readonly title: string;
  readonly file: SampleName;
  readonly isPreview?: boolean;
}

export interface SeedTopic {
  readonly title: string;
  readonly videos: readonly SeedVideo[];
}

export interface SeedCourse {
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly level: string;
  readonly topics: readonly SeedTopic[];
}

export const SEED_COURSES: readonly SeedCourse[] = [
  {
    title: 'Sound for film',
    description: 'From the microphone to the mix: recording, cleaning and placing sound.',
    category: 'Film',
    level: 'BEGINNER',
    topics: [
      {
        title: 'Recording',
        videos: [
          { title: 'Welcome', file: 'video.mp4', isPreview: true },
          { title: 'Choosing a microphone', file: 'video.webm' },
        ],
      },
      { title: 'Mixing', videos: [{ title: 'Levels and loudness', file: 'video.mp4' }] },
    ],
  },
  {
    title: 'Linear algebra, seen',
    description: 'Vectors, matrices and what they do to space, with pictures before formulas.',
    category: 'Mathematics',
    level: 'INTERMEDIATE',
    topics: [
      {
        title: 'Vectors',
        videos: [
          { title: 'What a vector is', file: 'video.webm', isPreview: true },
          { title: 'Bases and span', file: 'video.mp4' },
        ],
      },
      { title: 'Matrices', videos: [{ title: 'A matrix moves space', file: 'video.mp4' }] },
    ],
  },
];
