/** One attempt to join the mesh: find or start the broker, resume the agent, open its session, begin to push. */
import type { MeshClient, MeshSession } from "@agentmesh/client";
import { machineName } from "@agentmesh/client/node";
import { type AgentProfile, plainLine, toAgentName } from "@agentmesh/protocol";
import type { Broker } from "./broker.ts";
import type { ClientSession } from "./client/client-session.ts";
import type { Config } from "./config/config.ts";
import { DeliveriesInHand } from "./deliveries-in-hand.ts";
import type { Log } from "./log.ts";
import { tellDialogs } from "./open-dialogs.ts";
import { type Place, placeOf } from "./place/place.ts";
import { Canaries } from "./push/canary.ts";
import { Evidence } from "./push/evidence.ts";
import { HookMail } from "./push/hook-mail.ts";
import { InboxPush } from "./push/inbox-push.ts";
import type { PushPath } from "./push/push-path.ts";
import { PushPaths } from "./push/push-paths.ts";
import { SendKeys } from "./send-keys.ts";
import { autoSummary } from "./summary/auto-summary.ts";
import type { PushSigns } from "./transcript/transcript.ts";
import { Turns } from "./turns.ts";

/** What the tools work with. */
export interface JoinedSession {
  readonly client: MeshClient;
  readonly mesh: MeshSession;
  readonly place: Place;
  /** What the agent says of itself; a session re-opened later says it again, so it is kept up to date. */
  readonly profile: AgentProfile;
  /** Keeps what the agent says that it works on: its next session says so again. */
  keepSummary(summary: string): void;
  readonly inHand: DeliveriesInHand;
  readonly paths: PushPaths;
  readonly evidence: Evidence;
  readonly hookMail: HookMail;
  readonly canaries: Canaries;
  readonly sendKeys: SendKeys;
  readonly reading: Turns;
  readonly log: Log;
  /** Begins to push again after every path had failed. */
  resumePush(): void;
  /** Aborts when the session has left this agent. */
  readonly over: AbortSignal;
  /** What the model should know about how the session was joined. */
  readonly notice: string | undefined;
}

/** What an attempt needs. */
export interface JoinTerms {
  readonly config: Config;
  readonly log: Log;
  readonly broker: Broker;
  readonly clientName: string;
  /** Called when there is a broker: whose agent the session is. */
  claim(): Promise<{ readonly token: string; readonly summary?: string | undefined }>;
  /** Keeps what the agent says that it works on, for its next session. */
  keepSummary(summary: string): void;
  /** Where the agent works, and a name for one that works nowhere in particular. */
  readonly where: { readonly directory: string; readonly nameNowhere: string | undefined };
  readonly clientSession: ClientSession;
  readonly paths: readonly PushPath[];
  readonly transcript: PushSigns;
  /** Called at each heartbeat of the session. */
  onBeat(): void;
  /** Aborts when the session is left, or leaves this agent. */
  readonly left: AbortSignal;
}

/** Joins. @throws StateFolderError, UntrustedBrokerError, BrokerStartError, BrokerUnreachableError, MeshApiError */
export async function join(terms: JoinTerms): Promise<JoinedSession> {
  const { config, log, left } = terms;
  const { broker } = terms;
  const registrar = await broker.registrar();
  const identity = await terms.claim();
  const { summary } = identity;
  const { directory, nameNowhere } = terms.where;
  const place = await placeOf(directory, config.environment);
  const name = config.name ?? (nameNowhere === undefined ? place.name : toAgentName(nameNowhere));
  const profile = profileOf(place, terms.clientName, config, summary);
  const register = async (by: MeshClient) => {
    await by.register({ name, ifTaken: "number", token: identity.token, ...profile });
  };
  await register(registrar);

  const client = broker.clientFor(() => identity.token);
  const paths = new PushPaths(terms.paths, (report) => {
    mesh.setPushPaths(report).catch((error: unknown) => log.warn("push.report_failed", { error }));
    push.pathsChanged();
  });
  const mesh = await client.join({
    profile,
    pushPaths: paths.report(),
    onUnknownToken: async () => register(await broker.registrar()),
    onNotice: (notice) => log.info("session.notice", { notice }),
    onBeat: terms.onBeat,
  });
  const own = mesh.agent.name;
  log.info("session.joined", { agent: own, session: mesh.id, paths: paths.names.join(",") || "none" });

  const inHand = new DeliveriesInHand();
  const { clientSession } = terms;
  const evidence = new Evidence({
    session: clientSession,
    transcript: terms.transcript,
    inHand,
    paths,
    log,
    signWithinMs: config.signWithinMs,
    onSilence: (deliveries, path) => push.pushAgain(deliveries, path),
    onDropped: (deliveries) => push.pushDropped(deliveries),
  });
  const push = new InboxPush({ mesh, inHand, paths, evidence, log });
  left.addEventListener("abort", () => evidence.stop(), { once: true });
  const canaries = new Canaries({
    ...{ transcript: terms.transcript, paths, evidence, log },
    enabled: config.canary === "on",
  });
  left.addEventListener(
    "abort",
    clientSession.onLearnt(() => paths.changed()),
    { once: true },
  );
  tellDialogs({ session: clientSession, mesh, log, look: () => evidence.look(), left });
  // What came while the session was being joined.
  paths.changed();
  if (terms.paths.length > 0) void push.run(left);
  else void mesh.stay({ signal: left });
  if (summary === undefined) void autoSummary({ config, place, client, profile, log, left });
  return {
    client,
    mesh,
    place,
    profile,
    keepSummary: (own) => terms.keepSummary(own),
    inHand,
    paths,
    evidence,
    canaries,
    hookMail: new HookMail({ client, mesh, inHand, paths, evidence, log }),
    sendKeys: new SendKeys(),
    reading: new Turns(),
    log,
    over: left,
    resumePush: () => push.resume(),
    notice:
      own === name
        ? undefined
        : `The name "${name}" belongs to another agent, so this one is called "${own}" in the mesh.`,
  };
}

function profileOf(place: Place, clientName: string, config: Config, said: string | undefined): AgentProfile {
  const client = plainLine(clientName, 64);
  return {
    ...(client !== "" && { client }),
    host: machineName().slice(0, 255),
    directory: place.directory.slice(0, 1024),
    ...(place.repo !== undefined && { repo: place.repo.slice(0, 1024) }),
    ...(place.repoUrl !== undefined && { repoUrl: place.repoUrl }),
    ...(place.branch !== undefined && { branch: place.branch }),
    summary: said ?? (config.summary === "none" ? "" : place.summary),
  };
}
