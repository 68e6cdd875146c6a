/** Real brokers, adapters and receivers for tests. */
export { answered } from "./answered.ts";
export { type ClaudeInbox, openClaudeInbox } from "./claude-inbox.ts";
export { type ClaudeTranscript, openClaudeTranscript } from "./claude-transcript.ts";
export { type CrashHow, type CrashPoints, openCrashPoints, whyNoCrashPoints } from "./crash-point.ts";
export { type DatabaseLines, openDatabaseLines } from "./database/database-lines.ts";
export { type PostgresServer, startPostgres } from "./database/postgres-server.ts";
export { POSTGRES_SETTING, type PostgresVersion, packagedPostgres } from "./database/postgres-version.ts";
export { longestHold } from "./event-loop/longest-hold.ts";
export { cpuMs } from "./event-loop/ticks.ts";
export {
  type AnsweredSend,
  type Availability,
  availabilityFindings,
  availabilityOf,
  type FaultDone,
} from "./history/availability.ts";
export { drainFindings, restingUntil } from "./history/drain.ts";
export { type Ledger, type LedgerEntry, ledgerFindings } from "./history/ledger.ts";
export type { Finding } from "./history/records.ts";
export { History } from "./history.ts";
export { addonTroubles, canMount, underMounts } from "./machine/addon-troubles.ts";
export { whyNoOtherUser } from "./machine/other-user.ts";
export { fillDisk, freeBytes, openSmallDisk, whyNoSmallDisks } from "./machine/small-disk.ts";
export { type McpSession, type McpSessionOptions, startMcpSession } from "./mcp-session.ts";
export { bareStream } from "./network/bare-stream.ts";
export { type Interceptor, openInterceptor, openProxy, type Proxy, type ProxySpoils } from "./network/carriers.ts";
export { freePort, listening } from "./network/free-port.ts";
export { type Lan, type LanMachine, openLan, whyNoLan } from "./network/lan.ts";
export { type Back, LAN_PORT, LAN_TLS_PORT, LanMesh } from "./network/lan-mesh.ts";
export { type LossyLink, openLossyLink, whyNoLossyLinks } from "./network/lossy-link.ts";
export { type Network, openNetwork, whyNoNetworks } from "./network/network.ts";
export { type Nginx, openNginx, whyNoNginx } from "./network/nginx.ts";
export { Partner } from "./network/partners.ts";
export { openRecordingProxy, type RecordingProxy } from "./network/recording-proxy.ts";
export { assertInTime } from "./pace.ts";
export {
  cleanEnv,
  type ProgramName,
  programArgs,
  programLine,
  programPath,
  type RunningProgram,
  runProgram,
  sourcesEnv,
  startProgram,
  watched,
  withoutWaits,
} from "./programs.ts";
export { seededRandom } from "./random.ts";
export { readLedger } from "./read-ledger.ts";
export { ctrlC, type Desk, type Meanwhile, openDesk } from "./shell/desk.ts";
export { startInTerminal, terminalCommand, whyNoTerminals } from "./shell/in-terminal.ts";
export { startTestBroker, type TestAgent, type TestBroker, type TestBrokerOptions } from "./start-test-broker.ts";
export { stopwatch } from "./stopwatch.ts";
export { type TempDir, tempDir } from "./temp-dir.ts";
export { sampleOf, sampleSeed, thorough, times } from "./thorough.ts";
export {
  anchorOf,
  type Trouble,
  troubleIndex,
  troublePage,
  troublePages,
  troublePath,
} from "./troubleshooting/page.ts";
export {
  commandScreen,
  lastingAnswer,
  linesWith,
  logScreen,
  type Screen,
  toolScreen,
} from "./troubleshooting/screen.ts";
export { until } from "./until.ts";
export { startReceiver } from "./webhooks/start-receiver.ts";
export { openWebhookLoad } from "./webhooks/webhook-load.ts";
export { type Answering, openWebhookReceiver, type Posted, type WebhookReceiver } from "./webhooks/webhook-receiver.ts";
