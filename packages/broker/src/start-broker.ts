/** The only composition root: lock, database, mesh, HTTP, in this order; stopped in the reverse. */
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEFAULT_PORT, DEFAULT_TTL_MS, folderId, VERSION } from "@agentmesh/protocol";
import type { Logger } from "pino";
import type { Config } from "./config/schema.ts";
import { AlreadyRunningError } from "./engines/already-running.ts";
import { inSqlite } from "./engines/sqlite.ts";
import { watchHeldFiles } from "./held-files.ts";
import { readPost } from "./hooks/read-post.ts";
import { buildApp } from "./http/app.ts";
import { type LegacyWire, openLegacyWire } from "./legacy/legacy-wire.ts";
import {
  checkBind,
  keptHosts,
  listen,
  mayPostToLoopback,
  otherPortText,
  portsToTry,
  reachedAt,
  urlOf,
} from "./listening.ts";
import { openEventWebhooks } from "./mcp-events/open.ts";
import { type Clock, SteadyClock } from "./mesh/clock.ts";
import { createMesh, type Mesh } from "./mesh/mesh.ts";
import { isWebhookTrouble } from "./mesh/webhook/running.ts";
import { Seal } from "./mesh/webhook/seal.ts";
import { pageFiles } from "./page-files.ts";
import { pageParts } from "./page-sign-ins.ts";
import { sight } from "./processes.ts";
import { namedMessage } from "./sinks/dialects.ts";
import { Egress } from "./sinks/egress.ts";
import { HttpWebhookSinks } from "./sinks/webhook.ts";
import {
  alreadyServedText,
  announce,
  forgetStopped,
  lastPort,
  noteLastPort,
  openFolder,
  StateFolderError,
} from "./state-files.ts";
import type { Notice } from "./store/sqlite/context.ts";
import { chooseDriver } from "./store/sqlite/driver/choose.ts";
import { isFullDisk, takeBrokerLock } from "./store/sqlite/file/disk.ts";
import { SecureListener } from "./tls/listener.ts";

/** A running broker. */
export interface RunningBroker extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly mesh: Mesh;
  /** Resolves when somebody asks the broker to stop, rejects when its database is no longer there. */
  readonly stopAsked: Promise<void>;
  /** Says goodbye to streams, answers what is under way, closes the database. */
  close(): Promise<void>;
}

/**
 * Starts a broker; `ending` ends the wait for a database that is away.
 * @throws ExposedBindError, StateFolderError, AlreadyRunningError, DatabaseDamagedError, NewerDatabaseError, BackupError,
 *   PortTakenError, NoDriverError, TlsFilesError, and what `inPostgres` throws
 */
export async function startBroker(
  config: Config,
  log: Logger,
  clock: Clock = new SteadyClock(),
  ending?: AbortSignal,
): Promise<RunningBroker> {
  checkBind(config);
  openFolder(config.home);
  try {
    return await startIn(config, log, clock, ending);
  } catch (error) {
    if (!isFullDisk(error, config.home)) throw error;
    throw new StateFolderError(
      `The disk of ${config.home} is full, or has no inode left: the broker cannot start. Free space on it: df -h and df -i show how much there is.`,
    );
  }
}

async function startIn(
  config: Config,
  log: Logger,
  clock: Clock,
  ending: AbortSignal | undefined,
): Promise<RunningBroker> {
  const notice: Notice = (level, event, fields) => log[level](fields, event);
  const driver = await chooseDriver(config.sqliteDriver, config.home, notice);
  const lock = takeBrokerLock(driver.driver, config.home);
  if (!lock) {
    throw new AlreadyRunningError(alreadyServedText(config.home));
  }
  const release: (() => unknown)[] = [() => lock.release()];
  const close = async () => {
    const failures: unknown[] = [];
    // What one cannot do keeps none of the others from it.
    for (const each of release.splice(0).reverse()) {
      try {
        await each();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const { promise: stopAsked, resolve: stop, reject: fail } = Promise.withResolvers<void>();
    const terms = { config, clock, notice, driver, fail, ending };
    const kept =
      config.database === "" ? await inSqlite(terms) : await (await import("./engines/postgres.ts")).inPostgres(terms);
    const { store, meshKey: key, disk } = kept;
    release.push(() => kept.close(), kept.watch());
    let port = config.port === "auto" ? DEFAULT_PORT : config.port;
    let secure: SecureListener | undefined;
    const egress = new Egress({
      loopback: mayPostToLoopback(config),
      allow: config.webhookAllow,
      ownPorts: () => [port, ...(secure ? [secure.port] : [])],
    });
    let legacy: LegacyWire | undefined;
    const mesh = createMesh({
      store,
      disk,
      policy: { ...config, messageTtlMs: DEFAULT_TTL_MS },
      clock,
      seal: new Seal(key),
      sinks: new HttpWebhookSinks({
        egress,
        timeoutMs: config.webhookTimeoutMs,
        maxBodyBytes: config.maxBodyBytes,
        clock,
        legacyMessage: (delivery) => (legacy?.message ?? namedMessage)(delivery),
      }),
      readPost,
      page: pageParts(config.home, key, !config.noUi),
      sight,
      onWebhook: (event, fields) => log[isWebhookTrouble(event) ? "warn" : "info"](fields, event),
      onFault: (error) => log.error({ err: error }, "mesh.fault"),
    });
    release.push(() => mesh.close());
    const eventWebhooks = await openEventWebhooks(config.mcpEvents, log, {
      ...{ mesh, store, clock, seal: new Seal(key), callback: { egress, timeoutMs: config.webhookTimeoutMs, clock } },
    });
    release.push(() => eventWebhooks?.close());

    const closing = new AbortController();
    release.push(watchHeldFiles(config.home, kept.heldFiles, fail));
    const hosts = keptHosts(config);
    const startedAt = new Date(clock.now()).toISOString();
    legacy = config.legacy ? await openLegacyWire({ mesh, store, meshKey: key }) : undefined;
    const application = buildApp({
      mesh,
      log,
      closing: closing.signal,
      terms: config,
      mcpEvents: eventWebhooks,
      allowedHosts: (isSecure) => (isSecure && secure ? secure.hosts : hosts(port)),
      schemes: (isSecure) => (isSecure ? ["https"] : config.behindTlsProxy ? ["http", "https"] : ["http"]),
      page: config.noUi ? undefined : pageFiles(fileURLToPath(new URL("ui", import.meta.url))),
      facts: {
        meshKey: key,
        home: config.home,
        folder: folderId(statSync(config.home, { bigint: true })),
        startedAt,
        engine: kept.engine,
        storage: kept.facts,
        url: () => urlOf(config, port),
        reachedAt: () => reachedAt(config, port, secure?.facts),
        insteadOf: () => (config.port === "auto" && port !== DEFAULT_PORT ? DEFAULT_PORT : undefined),
        port: (isSecure) => (isSecure && secure ? secure.port : port),
        remote: () => secure?.facts,
        machineHashes: (machine) => mesh.machines.tokenHashes(machine),
        stop,
        ...(legacy && { countPeers: legacy.countPeers }),
      },
    });
    const { app, leave } = application;
    legacy?.serve(app);
    release.push(() => app.close());
    release.push(async () => {
      closing.abort();
      mesh.streams.closeAll("shutting_down", true);
      mesh.presence.closeAll("shutting_down", true);
      mesh.events.closeAll("shutting_down", true);
      const unanswered = await leave();
      if (unanswered > 0) log.warn({ unanswered }, "stop.unanswered");
    });
    port = await listen(app, config.host, portsToTry(config, lastPort(config.home)));
    const url = urlOf(config, port);
    secure = await SecureListener.open({ config, clock, notice, server: application.secure });
    release.push(() => secure?.close());
    const remote = () => secure && { remoteUrls: [...secure.facts.urls] };
    forgetStopped(config.home);
    if (config.port === "auto") noteLastPort(config.home, port);
    const running = { url, port, pid: process.pid, version: VERSION, startedAt };
    release.push(announce(config.home, () => ({ ...running, ...remote() })));
    if (config.port === "auto" && port !== DEFAULT_PORT)
      log.warn({ port, detail: otherPortText(config.home) }, "port.other");
    log.info({ url, pid: process.pid, version: VERSION, home: config.home, ...remote() }, "broker.started");
    if (legacy) log.warn({ detail: legacy.caveat }, "legacy.served");
    return { url, port, mesh, stopAsked, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
