import { LIMITS, SLOT_MAX_BYTES, UPLOADS } from './media-settings.js';
import { STUDIO } from './studio-settings.js';
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
 * All settings, by section and key of the Config that loadConfig returns. `.env.example` is generated from this table;
 * a test compares the two.
 */
export const CONFIG_TABLE = {
  server: {
    environment: {
      name: 'NODE_ENV',
      parse: oneOf(['development', 'test', 'production']),
      default: 'development',
      meaning: 'development, test or production. In production the server does not start with settings for trying out.',
    },
    port: {
      name: 'PORT',
      parse: wholeNumber('a port', { min: 0, max: 65_535 }),
      default: '4000',
      meaning: 'The TCP port to listen on. 0 uses any free port.',
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
      unset: 'http://localhost:{port}; in production the server does not start',
      meaning: 'The http(s) URL at which clients reach this server. May have a path prefix, which the proxy removes.',
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
      meaning: 'How long the head of a request may take to arrive, in seconds. Then the connection is closed.',
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
      meaning: 'How long a client may pause during the download of a local file, in seconds. Then it is cut off.',
    },
    shutdownGraceSeconds: {
      name: 'SHUTDOWN_GRACE_SECONDS',
      parse: seconds(0, DAY_SECONDS),
      default: '30',
      meaning: 'How long a stopping server waits for running requests, in seconds.',
    },
    logLevel: {
      name: 'LOG_LEVEL',
      parse: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
      default: 'info',
      meaning: 'The lowest level of log lines to write: trace, debug, info, warn, error, fatal or silent.',
    },
  },
  database: {
    dataDir: {
      name: 'DATA_DIR',
      parse: folder,
      default: './data',
      meaning: 'The folder for data that the server keeps: the embedded database, local files, development secrets.',
    },
    mongodbUri: {
      name: 'MONGODB_URI',
      parse: mongodbUri,
      unset: 'the embedded database under DATA_DIR; in production the server does not start',
      secret: true,
      meaning:
        'The MongoDB connection string, mongodb:// or mongodb+srv://. In its user name and password, write ' +
        '/ ? # : % @ [ ] %-encoded.',
    },
    allowEmbedded: {
      name: 'ALLOW_EMBEDDED_DATABASE',
      parse: yesOrNo,
      default: 'false',
      meaning: 'true allows a production server to use the embedded database.',
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
      meaning: 'The storage of new files, by name: local or s3. Replaces USE_S3. When both are set, they must agree.',
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
      unset: 'AUTH_JWT_SECRET, else outside production a random secret stored in DATA_DIR',
      secret: true,
      meaning: 'The secret that signs the URLs of local files. At least 32 bytes.',
    },
    previousUrlSigningSecret: {
      name: 'URL_SIGNING_SECRET_PREVIOUS',
      parse: secretText,
      unset: 'AUTH_JWT_SECRET_PREVIOUS, when AUTH_JWT_SECRET signs the URLs',
      secret: true,
      meaning: 'The previous URL_SIGNING_SECRET. URLs signed with it stay valid; new URLs are not signed with it.',
    },
  },
  s3: {
    bucket: {
      name: 'S3_BUCKET_NAME',
      parse: bucketName,
      unset: 'no S3',
      meaning:
        'The bucket. Required when new files are stored on S3. Keep it set as long as there are files in the bucket.',
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
      unset: 'the AWS SDK looks for credentials: profile, role, container, instance',
      secret: true,
      meaning: 'The access key id. Set both it and AWS_SECRET_ACCESS_KEY, or neither.',
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
      meaning: 'The URL of an S3-compatible store, for stores other than Amazon S3.',
    },
    publicEndpoint: {
      name: 'S3_PUBLIC_ENDPOINT',
      parse: urlPrefix,
      unset: 'S3_ENDPOINT',
      meaning: 'The URL at which clients reach the store, if it differs from S3_ENDPOINT.',
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
      unset: 'AUTH_JWKS_URL alone, or outside production a random secret stored in DATA_DIR',
      secret: true,
      meaning: 'The secret that verifies HS256 tokens. At least 32 bytes.',
    },
    previousSecret: {
      name: 'AUTH_JWT_SECRET_PREVIOUS',
      parse: secretText,
      unset: 'none',
      secret: true,
      meaning: 'The previous AUTH_JWT_SECRET. Tokens signed with it stay valid; new tokens are not signed with it.',
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
        'The claim with the role (admin, instructor or student), or with a list of roles, of which the highest is used. ' +
        'May be a path: realm_access.roles.',
    },
  },
  studio: STUDIO,
  tests: {
    failPoint: {
      name: 'FAIL_POINT',
      parse: failPoint,
      unset: 'none',
      meaning: 'Only for tests, with NODE_ENV=test: the step at which the process fails on purpose.',
    },
    timings: {
      name: 'TIMINGS',
      parse: timings,
      unset: 'the defaults of src/timings.ts',
      meaning:
        'Only for tests, with NODE_ENV=test: other time-outs than the defaults, in milliseconds: s3Idle=600,stopNotice=0.',
    },
    lateSeconds: {
      name: 'LATE_SECONDS',
      parse: wholeNumber('a number of seconds', { min: 0, max: 3_600 }),
      default: '60',
      meaning:
        'Only for tests, with NODE_ENV=test: how long a request to a store or database may be on its way, in seconds.',
    },
  },
} as const satisfies Readonly<Record<string, Section>>;

type Table = typeof CONFIG_TABLE;

/** The settings as parsed from the table, without the defaults that depend on other settings. */
export type Settings = { readonly [S in keyof Table]: SettingsOf<Table[S]> };
