import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase, type OpenDatabaseOptions } from './app/open-database.js';
import { directUploads } from './app/direct-uploads.js';
import { warnOfForgottenRecords } from './app/forgotten-records.js';
import { bodyLimits, slotsOf, storagesOf, studioOptions, timingsOf } from './app/options.js';
import { createAuthenticator } from './auth/authenticator.js';
import { CourseService } from './catalog/course/course.service.js';
import { FileFinder } from './catalog/file-finder.js';
import { ImageService } from './catalog/image/image.service.js';
import { Rebuilding } from './catalog/rebuilding.js';
import { Removal } from './catalog/removal.js';
import { slotOwners } from './catalog/slot-owners.js';
import { livingTopics, TopicService } from './catalog/topic/topic.service.js';
import { livingVideos, VideoService } from './catalog/video/video.service.js';
import type { Config } from './config.js';
import { DataDir } from './data-dir/data-dir.js';
import { authSecret, previousUrlSigningSecrets, urlSigningSecret } from './data-dir/secrets.js';
import { assertNoUnfinishedCopy } from './database/copy-mark.js';
import { recogniseDatabaseError } from './database/database-errors.js';
import { connectedDatabase } from './database/detached-database.js';
import { LecternError } from './errors.js';
import { costGuard } from './graphql/cost.js';
import { apolloServer, graphqlHandler } from './http/graphql.js';
import { answerWith, httpServer as createHttpServer } from './http/http-server.js';
import { routes } from './http/routes.js';
import { RunningRequests } from './http/running-requests.js';
import { MediaMeter } from './media/content/media-meter.js';
import { Intake } from './media/intake.js';
import { Journal } from './media/journal/journal.js';
import { LifeCycle } from './media/life-cycle.js';
import type { LifeTiming } from './media/life-timing.js';
import { ObjectDeletion } from './media/object-deletion.js';
import { SignedUrls } from './media/signed-urls.js';
import type { SlotOwner } from './media/slot-owner.js';
import type { SlotRules } from './media/slots.js';
import { Migration } from './media/upkeep/migration.js';
import { Reconciliation } from './media/upkeep/reconciliation.js';
import { Remeasuring } from './media/upkeep/remeasuring.js';
import { Sweeper } from './media/upkeep/sweeper.js';
import { Upgrade } from './media/upkeep/upgrade.js';
import { buildLecternSchema } from './schema.js';
import type { StorageDrivers, Storages } from './storage/create-storage.js';
import { FileTokens } from './storage/file-token.js';
import { Telemetry } from './telemetry.js';

export interface AppOptions extends OpenDatabaseOptions {
  /** When absent, the app logs to standard output at the configured level. */
  readonly telemetry?: Telemetry;
  /** Storage drivers besides the built-in ones, by the storage name that `STORAGE` and records use. */
  readonly storageDrivers?: StorageDrivers;
  /** For tests: slots besides those of the slot table, each with its owner. */
  readonly furtherSlots?: readonly { readonly rules: SlotRules; readonly owner: SlotOwner }[];
}

export interface App {
  readonly telemetry: Telemetry;
  readonly storages: Storages;
  readonly journal: Journal;
  readonly lifeCycle: LifeCycle;
  readonly sweeper: Sweeper;
  readonly reconciliation: Reconciliation;
  readonly migration: Migration;
  readonly rebuilding: Rebuilding;
  readonly remeasuring: Remeasuring;
  /** The longest lifetime of a signed URL, in milliseconds. */
  readonly longestUrlMs: number;
  readonly courses: CourseService;
  readonly topics: TopicService;
  readonly videos: VideoService;
  readonly images: ImageService;
  /** Starts the server and its background jobs. Returns the URL at which clients reach it. */
  start(): Promise<{ readonly url: string }>;
  /** Waits for running requests within SHUTDOWN_GRACE_SECONDS, then closes every connection and handle. */
  stop(): Promise<void>;
}

/** The length of the random signing key for when no secret is configured and no local files are served, in bytes. */
const SECRET_BYTES = 32;

/** Creates and connects all parts of the application. Connects to the database, but does not listen or start timers. */
export async function createApp(config: Config, options: AppOptions = {}): Promise<App> {
  const telemetry = options.telemetry ?? new Telemetry({ level: config.server.logLevel, ...config.tests });
  const timings = timingsOf(config);
  const dataDir = await DataDir.open(config.database.dataDir);
  const fileTokens = new FileTokens(
    (await urlSigningSecret(config, dataDir)) ?? randomBytes(SECRET_BYTES),
    previousUrlSigningSecrets(config),
  );
  const secret = await authSecret(config, dataDir);
  const httpServer = createHttpServer({
    headMs: config.server.requestHeadSeconds * 1_000,
    keepAliveMs: config.server.keepAliveSeconds * 1_000,
  });
  const publicUrl = (): string =>
    config.server.publicUrl ?? `http://localhost:${String(portOf(httpServer) ?? config.server.port)}`;
  const storages = await storagesOf(config, {
    tokens: fileTokens,
    publicUrl,
    observe: telemetry.metrics.storageAnswered,
    ...(options.storageDrivers && { drivers: options.storageDrivers }),
  });

  const database = await openDatabase(config, dataDir, options);

  const { furtherSlots = [] } = options;
  const slots = { ...slotsOf(config), ...Object.fromEntries(furtherSlots.map(({ rules }) => [rules.slot, rules])) };
  const owners = { ...slotOwners, ...Object.fromEntries(furtherSlots.map(({ rules, owner }) => [rules.slot, owner])) };
  const journal = new Journal();
  telemetry.metrics.gaugeBy(
    'state',
    'lectern_journal_rows',
    'Unfinished work on stored files, and direct uploads that are over, by state.',
    () => journal.countByState(),
  );
  const storageNamed = storages.byName.bind(storages);
  const signedUrls = new SignedUrls({ storageNamed, slots, telemetry });
  const meter = new MediaMeter({ telemetry, maxImagePixels: config.limits.imageMaxPixels });
  const timing: LifeTiming = {
    pendingDeadlineMs: config.uploads.pendingDeadlineSeconds * 1_000,
    sessionDeadlineMs: config.uploads.sessionSeconds * 1_000,
    replacedGraceMs: config.uploads.replacedMediaGraceSeconds * 1_000,
    lateMs: config.tests.lateSeconds * 1_000,
  };
  const deletion = new ObjectDeletion({ storageNamed, telemetry, timings });
  const storageForNewFiles = storages.current;
  const intake = new Intake({ storageForNewFiles, journal, deletion, slots, meter, telemetry, timing, timings });
  const lifeCycle = new LifeCycle({ intake, journal, owners, deletion, telemetry, timing });
  const removals = new Removal(lifeCycle, telemetry, timings.cascade);
  const images = new ImageService(lifeCycle, removals);
  const { uploads, completions } = directUploads(config, {
    storageForNewFiles,
    storageNamed,
    journal,
    owners,
    slots,
    meter,
    intake,
    lifeCycle,
    deletion,
    telemetry,
    timing,
    timings,
    insertOwner: { IMAGE: images.insertUploaded },
  });
  const sweeper = new Sweeper({
    journal,
    owners,
    deletion,
    storageNamed,
    telemetry,
    removals,
    timing,
    intervalMs: config.uploads.sweepIntervalSeconds * 1_000,
    timings,
  });
  const reconciliation = new Reconciliation({
    storages: storages.all(),
    journal,
    owners,
    slots,
    deletion,
    timing,
    telemetry,
  });
  const longestUrlMs = Math.max(...Object.values(slots).map(({ urlTtlSeconds }) => urlTtlSeconds)) * 1_000;
  const upgrade = new Upgrade({
    journal,
    owners,
    telemetry,
    keepOriginalsMs: longestUrlMs,
    leaseMs: timings.upgradeLease,
  });
  const migration = new Migration({ owners, slots, intake, lifeCycle, telemetry }, timings.migrationLease);

  const rebuilding = new Rebuilding(telemetry, timings.rebuildLease);
  const remeasuring = new Remeasuring({ owners, meter, storageNamed, telemetry });
  const courses = new CourseService(lifeCycle, removals, livingTopics);
  const topics = new TopicService(removals, livingVideos);
  const videos = new VideoService(lifeCycle, removals);
  const errors = {
    recognise: recogniseDatabaseError,
    report: (error: unknown): void => {
      if (error instanceof LecternError) telemetry.logger.warn({ err: error }, 'a dependency is unavailable');
      else telemetry.logger.error({ err: error }, 'unexpected error');
    },
  };
  const { production } = config;
  const running = new RunningRequests(telemetry.logger, timings.stopCleanUp);
  const needs = {
    DATABASE_UNAVAILABLE: () => database.check(timings.readiness),
    STORAGE_UNAVAILABLE: (signal: AbortSignal) => storages.current.check(signal),
  };

  /** Present while this is a server. A command neither builds the schema nor answers requests. */
  let apollo: ReturnType<typeof apolloServer> | undefined;

  return {
    telemetry,
    storages,
    journal,
    lifeCycle,
    sweeper,
    reconciliation,
    migration,
    rebuilding,
    remeasuring,
    longestUrlMs,
    courses,
    topics,
    videos,
    images,

    async start() {
      await assertNoUnfinishedCopy(connectedDatabase());
      await warnOfForgottenRecords(config, dataDir, telemetry.logger);
      await database.ensureIndexes();
      await upgrade.run();
      // Does not prevent the start, because the storage may come back, but a wrong configuration is logged at once.
      await storages.current.check(AbortSignal.timeout(timings.readiness)).catch(errors.report);
      void storages.current.compareClocks?.().then(({ status, message }) => {
        if (status !== 'ok') telemetry.logger.warn({ storage: storages.current.name }, message);
      });
      const schema = buildLecternSchema({
        courses,
        topics,
        videos,
        images,
        uploads,
        signedUrls,
        storageNames: storages.names,
      });
      const graphql = apolloServer({ schema, production, errors, telemetry });
      await graphql.start();
      apollo = graphql;
      telemetry.metrics.watchProcess();
      const { traffic } = config;
      const express = routes({
        production,
        ...(traffic.trustProxy !== undefined && { trustProxy: traffic.trustProxy }),
        corsOrigins: traffic.corsOrigins ?? [],
        rateLimits: traffic,
        metricsToken: traffic.metricsToken,
        authenticator: createAuthenticator({ ...config.auth, secret }),
        localStorage: storages.local,
        fileTokens,
        limits: bodyLimits(config, slots),
        maxFiles: config.uploads.maxFiles,
        uploadsAtOnce: config.uploads.atOnce,
        uploadPartsAtOnce: config.uploads.partsAtOnce,
        hstsIncludeSubDomains: config.server.hstsIncludeSubDomains,
        downloadStallMs: config.server.downloadStallSeconds * 1_000,
        answerReadableMs: timings.answerReadable,
        checkCost: costGuard({ schema, ...config.queries }),
        health: { isStopping: () => running.isStopping, needs, report: errors.report, timings },
        studio: studioOptions(config, storages),
        permalinks: new FileFinder(courses, videos, images),
        signedUrls,
        running,
        errors,
        telemetry,
        graphql: graphqlHandler(graphql, running),
      });
      answerWith(httpServer, express, timings.answerReadable);
      httpServer.listen(config.server.port, config.server.host);
      await once(httpServer, 'listening');
      sweeper.start();
      completions.start();
      rebuilding.start();
      remeasuring.start();
      return { url: publicUrl() };
    },

    async stop() {
      // The port stays open meanwhile, so that /readyz can report that this server is stopping.
      const heard = apollo ? delay(timings.stopNotice) : undefined;
      await Promise.all([running.finish(config.server.shutdownGraceSeconds * 1_000), heard]);
      httpServer.close();
      await Promise.all([running.ended(), completions.stop(), sweeper.stop(), rebuilding.stop(), remeasuring.stop()]);
      httpServer.closeAllConnections();
      await apollo?.stop();
      await Promise.all([meter.close(), intake.close()]);
      await storages.close();
      await database.close();
    },
  };
}

/** The port on which the server listens. Undefined in a command, which does not listen. */
function portOf(server: Server): number | undefined {
  return (server.address() as AddressInfo | null)?.port;
}
