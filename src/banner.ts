/** What a server prints or logs when it is ready. */
export interface BannerFacts {
  /** The GraphQL URL as clients reach it. */
  readonly url: string;
  /** The host of MongoDB, without user name and password. Null for the embedded database. */
  readonly mongodbHost: string | null;
  /** The storage of new files: its name, and a description of its bucket or folder. */
  readonly storage: { readonly name: string; readonly place: string };
  /** The folder of the embedded database. */
  readonly dataDir: string;
  /** For an example upload. Absent when the server cannot sign tokens. */
  readonly trial?: {
    /** The token of an instructor. */
    readonly token: string;
    /** The path of the image to upload. */
    readonly thumbnailPath: string;
  };
}

const CREATE_COURSE =
  'mutation($input: CreateCourseInput!, $thumbnail: Upload) ' +
  '{ createCourse(input: $input, thumbnail: $thumbnail) { id title thumbnailUrl } }';

/** The fields of the log line for a production server that is ready. They contain no token. */
export function readyFields(facts: BannerFacts): Record<string, string> {
  return {
    url: facts.url,
    database: facts.mongodbHost === null ? 'embedded' : 'mongodb',
    storage: facts.storage.name,
  };
}

/** Returns the hosts of a MongoDB connection string, without user name and password. */
export function mongodbHostOf(uri: string): string {
  // The pattern allows no @ after the hosts. Otherwise a part of an unencoded password could be taken for the host.
  const hosts = /^mongodb(?:\+srv)?:\/\/(?:[^/?@]*@)?([^/?@]+)(?:[/?][^@]*)?$/.exec(uri)?.[1];
  return hosts ?? 'the server of MONGODB_URI';
}

/** The text that is printed when a server is ready, outside production. Ends with a line break. */
export function banner(facts: BannerFacts): string {
  const { storage, mongodbHost, trial } = facts;
  const lines = [
    '',
    `Lectern is ready: ${facts.url}`,
    '',
    `  Database  ${mongodbHost === null ? `embedded, in ${facts.dataDir}` : `MongoDB at ${mongodbHost}`}`,
    `  Storage   ${storage.place}`,
    '',
  ];
  if (mongodbHost === null) {
    lines.push(
      'The embedded database is for trying Lectern out and for development: one process on one machine.',
      'For production, set MONGODB_URI and the other variables that .env.example explains.',
      '',
    );
  }
  if (trial !== undefined) {
    const { token, thumbnailPath } = trial;
    lines.push('Open the studio, signed in as an instructor:', '', `  ${studioLink(facts.url, token)}`, '');
    lines.push('A token for an instructor, valid for 24 hours:', '', `  ${token}`, '');
    lines.push('Create a course with a thumbnail:', '', uploadCommand(facts.url, token, thumbnailPath), '');
  }
  return `${lines.join('\n')}\n`;
}

/** Signs a browser in by a token in the fragment, which is sent to no server. The studio takes it out of the address. */
function studioLink(url: string, token: string): string {
  return `${url.replace(/graphql$/, 'studio/')}#token=${token}`;
}

/** The curl command for an upload, in one line. */
function uploadCommand(url: string, token: string, thumbnailPath: string): string {
  const operations = { query: CREATE_COURSE, variables: { input: { title: 'My first course' }, thumbnail: null } };
  return [
    'curl',
    shellQuoted(url),
    '-H',
    shellQuoted(`Authorization: Bearer ${token}`),
    '-H',
    shellQuoted('apollo-require-preflight: true'),
    '-F',
    shellQuoted(`operations=${JSON.stringify(operations)}`),
    '-F',
    shellQuoted(`map=${JSON.stringify({ 0: ['variables.thumbnail'] })}`),
    '-F',
    shellQuoted(`0=@${curlQuoted(thumbnailPath)}`),
  ].join(' ');
}

/** Quotes a text as one word for a POSIX shell. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a file name for curl's -F, for which commas and semicolons are syntax. */
function curlQuoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
