// Who may import whom (docs/architecture.md): `npm run check:imports` refuses the rest. Type-only and dynamic imports count.
//
//   {digest.ts, errors.ts, diagnosis.ts, fail-point.ts, keyed-queue.ts, maybe-promise.ts, metrics.ts, repeated-task.ts, stack-sources.ts, sync-folder.ts, telemetry.ts, timings.ts, within.ts} <- {storage, database, auth, graphql} <- media <- catalog <- {schema.ts, http} <- app.ts <- {main.ts, cli}

const ground =
  '^src/(digest|errors|diagnosis|fail-point|keyed-queue|maybe-promise|metrics|repeated-task|stack-sources|sync-folder|telemetry|timings|within)\\.ts$';
const supports = '^src/(storage|database|auth|graphql)/';
const media = '^src/media/';
const catalog = '^src/catalog/';
const schema = '^src/schema\\.ts$';
const http = '^src/http/';
const app = '^src/app(\\.ts$|/)';
const config = '^src/config(\\.ts$|/)';
/** Names of settings and their defaults follow from the slot table, which is data. */
const slotTable = '^src/media/slots\\.ts$';
/** What saves records and files to a folder. It knows no owner: it finds files in the records as they are stored. */
const backup = '^src/backup/';
const dataDir = '^src/data-dir/';
const banner = '^src/banner\\.ts$';
const process = '^src/(stop-signals|known-failure|samples)\\.ts$';
const main = '^src/main\\.ts$';
const cli = '^src/cli/';
/** Runs in browsers, and reaches the server by its API alone. */
const uploadClient = '^src/upload-client/';
const studio = '^src/studio/';
const everyRoom = [
  ground,
  supports,
  media,
  catalog,
  schema,
  http,
  app,
  config,
  dataDir,
  backup,
  banner,
  process,
  main,
  cli,
  uploadClient,
  studio,
];

/** What is started by its name: the server, the commands, worker threads, and the client that is built to one file. */
const entryPoints = [
  main,
  '^src/cli/(main|emit-schema)\\.ts$',
  '^src/.*worker\\.ts$',
  '^src/upload-client/index\\.ts$',
];
const web = 'express|graphql-upload-minimal|helmet';

/** These modules import nothing of src but what is listed. */
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: '^src/', pathNot: allowed },
});

/** Packages under node_modules, their types, and the same names where nothing is installed. */
const named = (names) => [`^node_modules/(${names})/`, `^node_modules/@types/(${names})/`, `^(${names})(/|$)`];

/** These packages are imported nowhere but there. */
const packages = (name, names, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: '^src/', pathNot: allowed },
  to: { path: named(names) },
});

module.exports = {
  forbidden: [
    // --- The direction, from left to right ---
    only('ground-first', ground, [ground], 'The ground stands on nothing.'),
    only('supports-second', supports, [ground, supports], 'storage, database, auth and graphql know only the ground.'),
    {
      name: 'supports-are-strangers',
      severity: 'error',
      comment: 'storage, database, auth and graphql do not know each other.',
      from: { path: supports },
      to: { path: supports, pathNot: '^src/$1/' },
    },
    only('media-third', media, [ground, supports, media], 'media knows no owner: the owner port is how it asks.'),
    only('catalog-fourth', catalog, [ground, supports, media, catalog], 'catalog is unaware of how it is served.'),
    only('schema-fifth', schema, [ground, supports, media, catalog, schema], 'schema.ts and http are strangers.'),
    only('http-fifth', http, [ground, supports, media, catalog, http], 'app.ts hands the schema to http.'),
    only(
      'app-sixth',
      app,
      [ground, supports, media, catalog, schema, http, app, config, dataDir],
      'app.ts joins the rooms and knows no process.',
    ),
    only(
      'config-stands-alone',
      config,
      [ground, config, slotTable],
      'config.ts reads the environment and knows no room; the slot table is data.',
    ),
    only('backup-third', backup, [ground, supports, backup], 'It reads and writes records and objects as they are.'),
    only('data-dir-stands-alone', dataDir, [ground, dataDir], 'It takes options.'),
    {
      name: 'commands-are-not-imported',
      severity: 'error',
      comment: 'What the server and the commands both need stands beside main.ts.',
      from: { path: '^src/', pathNot: [cli] },
      to: { path: cli },
    },
    {
      name: 'process-by-main-and-cli-only',
      severity: 'error',
      comment: 'Signals, failures at the terminal and samples are for what runs as a process.',
      from: { path: '^src/', pathNot: [main, cli, process] },
      to: { path: process },
    },
    only('process-knows-no-room', process, [ground, config, dataDir, process], 'It is loaded by every command.'),
    {
      name: 'upload-client-stands-alone',
      severity: 'error',
      comment: 'It runs in browsers, without dependencies.',
      from: { path: uploadClient },
      to: { pathNot: uploadClient },
    },
    {
      name: 'upload-client-is-not-imported',
      severity: 'error',
      comment: 'The server serves what upload-client.build.js makes of it.',
      from: { path: '^src/', pathNot: [uploadClient, studio] },
      to: { path: uploadClient },
    },
    only(
      'studio-stands-alone',
      studio,
      [studio, uploadClient],
      'The web page imports only itself, its generated documents and the upload client.',
    ),
    {
      name: 'config-by-app-only',
      severity: 'error',
      comment: 'A room states its options as an interface; app.ts passes them.',
      from: { path: '^src/', pathNot: [app, main, cli, banner, process, config] },
      to: { path: config },
    },
    {
      name: 'data-dir-by-app-only',
      severity: 'error',
      comment: 'A room is told its folder.',
      from: { path: '^src/', pathNot: [app, main, cli, banner, process, dataDir] },
      to: { path: dataDir },
    },
    {
      name: 'entry-points-are-not-imported',
      severity: 'error',
      comment: 'Importing one would start it; its types are free. The studio bundles the upload client.',
      from: { path: '^src/', pathNot: studio },
      to: { path: entryPoints, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'studio-is-not-imported',
      severity: 'error',
      comment: 'The page is built by Vite and served as files.',
      from: { path: '^src/', pathNot: studio },
      to: { path: studio },
    },
    {
      name: 'no-homeless-module',
      severity: 'error',
      comment: 'A new file or folder in src needs its place in the direction: name it at the top of this file.',
      from: { path: '^src/' },
      to: { path: '^src/', pathNot: everyRoom },
    },
    {
      name: 'no-homeless-importer',
      severity: 'error',
      comment: 'The same, for a file that imports and is not imported.',
      from: { path: '^src/', pathNot: everyRoom },
      to: {},
    },
    {
      name: 'no-circles',
      severity: 'error',
      comment: 'Also by types: a circle is one module in many files.',
      from: { path: '^src/' },
      to: { circular: true },
    },

    // --- Inside rooms ---
    {
      name: 'catalog-course-before-topic',
      severity: 'error',
      comment: "The child's folder adds the field to its parent; the parent knows no child.",
      from: { path: '^src/catalog/course/' },
      to: { path: '^src/catalog/(topic|video)/.*\\.model\\.ts$' },
    },
    {
      name: 'catalog-topic-before-video',
      severity: 'error',
      comment: "The child's folder adds the field to its parent; the parent knows no child.",
      from: { path: '^src/catalog/topic/' },
      to: { path: '^src/catalog/video/.*\\.model\\.ts$' },
    },
    {
      name: 'catalog-models-first',
      severity: 'error',
      comment: 'A record knows no rule and no cascade.',
      from: { path: '^src/catalog/.*\\.model\\.ts$' },
      to: { path: '^src/catalog/(access|removal|slot-owners)\\.ts$' },
    },
    {
      name: 'catalog-access-by-type',
      severity: 'error',
      comment: 'So that every service may import the rules without a circle at run time.',
      from: { path: '^src/catalog/access\\.ts$' },
      to: { path: '\\.model\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'catalog-resolvers-decide-nothing',
      severity: 'error',
      comment: 'Access is decided in access.ts, and asked for by services and loaders.',
      from: { path: '^src/.*\\.resolver\\.ts$' },
      to: { path: '^src/catalog/access\\.ts$' },
    },
    only(
      'embedded-database-stands-alone',
      '^src/database/embedded/',
      ['^src/database/embedded/'],
      'It could be a package of its own.',
    ),
    {
      name: 'embedded-database-by-its-index',
      severity: 'error',
      comment: 'index.ts is its only entrance.',
      from: { path: '^src/', pathNot: '^src/database/embedded/' },
      to: { path: '^src/database/embedded/', pathNot: '^src/database/embedded/index\\.ts$' },
    },
    {
      name: 'storage-drivers-are-private',
      severity: 'error',
      comment: 'drivers.ts lists them and create-storage.ts gives out storages; nobody asks which kind.',
      from: { path: '^src/', pathNot: ['^src/storage/drivers\\.ts$', '^src/storage/(s3|local)/'] },
      to: { path: '^src/storage/(s3|local)/' },
    },
    {
      name: 'storage-drivers-are-strangers',
      severity: 'error',
      comment: 'What both need belongs beside storage.ts.',
      from: { path: '^src/storage/(s3|local)/' },
      to: { path: '^src/storage/(s3|local)/', pathNot: '^src/storage/$1/' },
    },

    // --- Packages ---
    packages('aws-in-s3-only', '@aws-sdk|@smithy', ['^src/storage/s3/'], 'The SDK stays behind the storage port.'),
    packages('web-in-http-only', web, [http, '^src/graphql/upload\\.ts$'], 'Express stays in http.'),
    {
      name: 'web-by-type-in-upload',
      severity: 'error',
      comment: 'The Upload holder names the types of the parser and runs none of it.',
      from: { path: '^src/graphql/upload\\.ts$' },
      to: { path: named(web), dependencyTypesNot: ['type-only'] },
    },
    packages(
      'mongo-in-database-and-models-only',
      'mongoose|@typegoose|mongodb|bson',
      ['^src/database/', '\\.model\\.ts$'],
      'Elsewhere records are read and written through models.',
    ),
    {
      name: 'disk-in-few-places-only',
      severity: 'error',
      comment: 'Files are reached through the storage port.',
      from: {
        path: '^src/',
        pathNot: [
          '^src/storage/local/',
          '^src/database/embedded/',
          backup,
          '^src/sync-folder\\.ts$',
          dataDir,
          cli,
          main,
          banner,
          '^src/config/env-file\\.ts$',
          // Reads the pages that the build has written.
          '^src/http/built-page\\.ts$',
          // Reads the source maps that the build has written.
          '^src/stack-sources\\.ts$',
        ],
      },
      to: { path: '^(node:)?fs(/promises)?$' },
    },
    {
      name: 'no-tests-in-src',
      severity: 'error',
      comment: 'The server is built without them.',
      from: { path: '^src/' },
      to: { path: '^(tests|bench)/' },
    },
    {
      name: 'no-development-packages-in-src',
      severity: 'error',
      comment: 'They are absent after `npm ci --omit=dev`. Types are gone by then as well.',
      from: { path: '^src/', pathNot: studio },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment: 'What is imported stands in package.json.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-missing-module',
      severity: 'error',
      comment: 'An import that leads nowhere hides from every other rule.',
      from: { path: '^src/' },
      // A package of types alone.
      to: { couldNotResolve: true, pathNot: '^@graphql-typed-document-node/core$' },
    },

    // --- Nothing dead ---
    {
      name: 'no-dead-modules',
      severity: 'error',
      comment: 'No entry point reaches it.',
      from: { path: entryPoints },
      to: { path: '^src/', pathNot: [...entryPoints, studio], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
