import { LIMITS, SLOT_MAX_BYTES, UPLOADS } from './media-settings.js';
import { QUERIES, TRAFFIC } from './traffic-settings.js';
import { mongodbUri } from './mongodb-uri.js';
import {
  anyText,
  bucketName,
  failPoint,
  folder,
  hostToListenOn,
  httpUrl,
  oneOf,
  type Parser,
  regionName,
  secretText,
  storageName,
  timings,
  urlPrefix,
  wholeNumber,
  yesOrNo,
} from './parsers.js';
import type { Section, SettingsOf } from './variable.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_SECONDS = 86_400;

const seconds = (min: number, max: number): Parser<number> => wholeNumber('a number of seconds', { min, max });

/**
 * Every setting there is, by section and key of the Config that loadConfig makes of it. `.env.example` is written from
 * this table, and a test keeps the two equal.
 */
export const CONFIG_TABLE = {
  server: {
    environment: {
      name: 'NODE_ENV',
      parse: oneOf(['development', 'test', 'production']),
      default: 'development',
      meaning: 'development, test or production. Production refuses to start on what is only good for trying out.',
    },
    port: {
      name: 'PORT',
      parse: wholeNumber('a port', { min: 0, max: 65_535 }),
      default: '4000',
      meaning: 'The TCP port to listen on. 0 takes any free one.',
    },
    host: {
      name: 'HOST',
      parse: hostToListenOn,
      unset: 'localhost; in production all interfaces',
      meaning: 'The host name or address to listen on.',
    },
    publicUrl: {
      name: 'PUBLIC_URL',
      parse: urlPrefix,
      unset: 'http://localhost:{the port bound}; in production a refusal to start',
      meaning: 'Where clients reach this server, as http(s) URL. May have a path prefix, which the proxy strips.',
    },
    maxJsonBodyBytes: {
      name: 'MAX_JSON_BODY_BYTES',
      parse: wholeNumber('a number of bytes', { min: KIB, max: 100 * MIB }),
      default: String(MIB),
      meaning: 'The largest JSON request body, and the largest `operations` of an upload, in bytes.',
    },
    jsonBodySeconds: {
      name: 'JSON_BODY_SECONDS',
      parse: seconds(1, DAY_SECONDS),
      default: '30',
      meaning: 'How long a JSON request body may take to arrive, in seconds.',
    },
    requestHeadSeconds: {
      name: 'REQUEST_HEAD_SECONDS',
      parse: seconds(1, DAY_SECONDS),
      default: '60',
      meaning: 'How long the head of a request may take to arrive, in seconds. Later the connection is closed.',
    },
    keepAliveSeconds: {
      name: 'KEEP_ALIVE_SECONDS',
      parse: seconds(1, DAY_SECONDS),
      default: '65',
      meaning:
        'How long a connection stays open between two requests, in seconds. Set it higher than the idle time-out of the ' +
        'load balancer in front, which is usually 60.',
    },
    hstsIncludeSubDomains: {
      name: 'HSTS_INCLUDE_SUBDOMAINS',
      parse: yesOrNo,
      default: 'false',
      meaning: 'true tells browsers to use HTTPS for all subdomains of this host too (Strict-Transport-Security).',
    },
    downloadStallSeconds: {
      name: 'DOWNLOAD_STALL_SECONDS',
      parse: seconds(1, DAY_SECONDS),
      default: '60',
      meaning: 'A download of a local file is cut off when its client takes no byte for so many seconds.',
    },
    shutdownGraceSeconds: {
      name: 'SHUTDOWN_GRACE_SECONDS',
      parse: seconds(0, DAY_SECONDS),
      default: '30',
      meaning: 'How long a stopping server lets running requests finish, in seconds.',
    },
    logLevel: {
      name: 'LOG_LEVEL',
      parse: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
      default: 'info',
      meaning: 'The least serious log lines to write: trace, debug, info, warn, error, fatal or silent.',
    },
  },
  database: {
    dataDir: {
      name: 'DATA_DIR',
      parse: folder,
      default: './data',
      meaning: 'The folder for what this server keeps itself: the embedded database, local files, development secrets.',
    },
    mongodbUri: {
      name: 'MONGODB_URI',
      parse: mongodbUri,
      unset: 'the embedded database under DATA_DIR; in production a refusal to start',
      secret: true,
      meaning:
        'The MongoDB connection string, mongodb:// or mongodb+srv://. / ? # : % @ [ ] in its user name or password are ' +
        'written %-encoded.',
    },
    allowEmbedded: {
      name: 'ALLOW_EMBEDDED_DATABASE',
      parse: yesOrNo,
      default: 'false',
      meaning: 'true lets a production server run on the embedded database.',
    },
  },
  storage: {
    useS3: {
      name: 'USE_S3',
      parse: yesOrNo,
      unset: 'false',
      meaning:
        'true stores new files on S3, false on the local disk. Files stored before a switch stay where they are.',
    },
    name: {
      name: 'STORAGE',
      parse: storageName,
      unset: 's3 when USE_S3 is true, else local',
      meaning:
        'The storage of new files, by name: local or s3. Says the same as USE_S3 and is used instead of it; when both ' +
        'are set they must agree.',
    },
    localDir: {
      name: 'LOCAL_STORAGE_DIR',
      parse: folder,
      unset: '{DATA_DIR}/files',
      meaning: 'The folder for files on the local disk.',
    },
    urlSigningSecret: {
      name: 'URL_SIGNING_SECRET',
      parse: secretText,
      unset: 'AUTH_JWT_SECRET, else outside production a random one kept in DATA_DIR',
      secret: true,
      meaning: 'Signs the URLs of local files. At least 32 bytes.',
    },
    previousUrlSigningSecret: {
      name: 'URL_SIGNING_SECRET_PREVIOUS',
      parse: secretText,
      unset: 'AUTH_JWT_SECRET_PREVIOUS, where AUTH_JWT_SECRET signs the URLs',
      secret: true,
      meaning: 'The secret that signed URLs before a change: they stay valid, and no new one is signed with it.',
    },
  },
  s3: {
    bucket: {
      name: 'S3_BUCKET_NAME',
      parse: bucketName,
      unset: 'no S3',
      meaning:
        'The bucket. Needed when new files go to S3; keep it after switching back while files are in the bucket.',
    },
    region: {
      name: 'AWS_REGION',
      parse: regionName,
      default: 'us-east-1',
      meaning: 'The region of the bucket.',
    },
    accessKeyId: {
      name: 'AWS_ACCESS_KEY_ID',
      parse: anyText,
      unset: "the AWS SDK's own search: profile, role, container, instance",
      secret: true,
      meaning: 'The access key. Set it and AWS_SECRET_ACCESS_KEY both, or neither.',
    },
    secretAccessKey: {
      name: 'AWS_SECRET_ACCESS_KEY',
      parse: anyText,
      secret: true,
      meaning: 'The secret that belongs to AWS_ACCESS_KEY_ID.',
    },
    sessionToken: {
      name: 'AWS_SESSION_TOKEN',
      parse: anyText,
      secret: true,
      meaning: 'The session token that belongs to temporary access keys.',
    },
    endpoint: {
      name: 'S3_ENDPOINT',
      parse: urlPrefix,
      unset: 'Amazon S3',
      meaning: 'The URL of another S3-compatible store.',
    },
    publicEndpoint: {
      name: 'S3_PUBLIC_ENDPOINT',
      parse: urlPrefix,
      unset: 'S3_ENDPOINT',
      meaning: 'The URL of the store as clients reach it, where that differs from how this server does.',
    },
    forcePathStyle: {
      name: 'S3_FORCE_PATH_STYLE',
      parse: yesOrNo,
      default: 'false',
      meaning: 'true puts the bucket into the path, not into the host name. Many S3-compatible stores need it.',
    },
  },
  slotMaxBytes: SLOT_MAX_BYTES,
  limits: LIMITS,
  uploads: UPLOADS,
  queries: QUERIES,
  traffic: TRAFFIC,
  auth: {
    secret: {
      name: 'AUTH_JWT_SECRET',
      parse: secretText,
      unset: 'AUTH_JWKS_URL alone, or outside production a random one kept in DATA_DIR',
      secret: true,
      meaning: 'Verifies tokens signed with HS256. At least 32 bytes.',
    },
    previousSecret: {
      name: 'AUTH_JWT_SECRET_PREVIOUS',
      parse: secretText,
      unset: 'none',
      secret: true,
      meaning: 'The secret that signed tokens before a change: they stay valid, and no new one is signed with it.',
    },
    jwksUrl: {
      name: 'AUTH_JWKS_URL',
      parse: httpUrl({ query: true }),
      unset: 'HS256 tokens only',
      meaning: "The http(s) URL of the identity provider's key set (JWKS). Verifies all other tokens.",
    },
    issuer: {
      name: 'AUTH_ISSUER',
      parse: anyText,
      unset: 'any issuer',
      meaning: 'The `iss` that tokens must have.',
    },
    audience: {
      name: 'AUTH_AUDIENCE',
      parse: anyText,
      unset: 'any audience',
      meaning: 'The `aud` that tokens must have.',
    },
    roleClaim: {
      name: 'AUTH_ROLE_CLAIM',
      parse: anyText,
      default: 'role',
      meaning:
        'The claim that holds the role (admin, instructor or student) or a list of roles, of which the highest counts. ' +
        'May be a path: realm_access.roles.',
    },
  },
  tests: {
    failPoint: {
      name: 'FAIL_POINT',
      parse: failPoint,
      unset: 'nothing fails on purpose',
      meaning:
        'For tests alone, with NODE_ENV=test: the step at which the process is made to fail, to see what that leaves.',
    },
    timings: {
      name: 'TIMINGS',
      parse: timings,
      unset: 'the waits of src/timings.ts',
      meaning:
        'For tests alone, with NODE_ENV=test: how long the server waits for what it depends on, where that is not the ' +
        'default: s3Idle=600,stopNotice=0, in milliseconds.',
    },
    lateSeconds: {
      name: 'LATE_SECONDS',
      parse: wholeNumber('a number of seconds', { min: 0, max: 3_600 }),
      default: '60',
      meaning:
        'For tests alone, with NODE_ENV=test: within how many seconds a request to a store or database arrives, or never.',
    },
  },
} as const satisfies Readonly<Record<string, Section>>;

type Table = typeof CONFIG_TABLE;

/** The settings as the table alone gives them. */
export type Settings = { readonly [S in keyof Table]: SettingsOf<Table[S]> };
