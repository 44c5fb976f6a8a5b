/** What a server says of itself once it is ready. */
export interface BannerFacts {
  /** The GraphQL URL as clients reach it. */
  readonly url: string;
  /** The host of MongoDB, without user name and password; null for the embedded database. */
  readonly mongodbHost: string | null;
  /** Where new files go: the name of the storage, and the bucket or folder in words. */
  readonly storage: { readonly name: string; readonly place: string };
  /** The folder of the embedded database. */
  readonly dataDir: string;
  /** Absent when the server cannot make tokens. */
  readonly trial?: {
    /** A token of an instructor, to try Lectern out with. */
    readonly token: string;
    /** The image of the example upload. */
    readonly thumbnailPath: string;
  };
}

const CREATE_COURSE =
  'mutation($input: CreateCourseInput!, $thumbnail: Upload) ' +
  '{ createCourse(input: $input, thumbnail: $thumbnail) { id title thumbnailUrl } }';

/** The fields of the log line that says that a production server is ready. No token is among them. */
export function readyFields(facts: BannerFacts): Record<string, string> {
  return {
    url: facts.url,
    database: facts.mongodbHost === null ? 'embedded' : 'mongodb',
    storage: facts.storage.name,
  };
}

/** The hosts of a MongoDB connection string, without user name and password. */
export function mongodbHostOf(uri: string): string {
  // No @ may follow: an unescaped password could otherwise stand where the host is looked for.
  const hosts = /^mongodb(?:\+srv)?:\/\/(?:[^/?@]*@)?([^/?@]+)(?:[/?][^@]*)?$/.exec(uri)?.[1];
  return hosts ?? 'the server of MONGODB_URI';
}

/** The text that greets a person at a terminal, outside production. It ends with a new line. */
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
      'This is the embedded set-up: good for trying out and development, one process on one machine.',
      'For production set MONGODB_URI and the other variables explained in .env.example.',
      '',
    );
  }
  if (trial !== undefined) {
    const { token, thumbnailPath } = trial;
    lines.push('A token of an instructor, valid for 24 hours:', '', `  ${token}`, '');
    lines.push('Create a course with a thumbnail:', '', uploadCommand(facts.url, token, thumbnailPath), '');
  }
  return `${lines.join('\n')}\n`;
}

/** A GraphQL multipart request as one line of shell. */
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

/** One word for a POSIX shell, whatever it holds. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A file name for curl's -F, which would read a comma or a semicolon as its own. */
function curlQuoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
