/** The MCP server: handshake, capabilities, instructions, and tool calls (MCP 2025-11-25 and before). */
import { inWords, plainLine, VERSION, wrongValues, wrongValueText } from "@agentmesh/protocol";
import * as z from "zod";
import type { AgentSession } from "./agent-session.ts";
import { knownClient } from "./client/known-clients.ts";
import { longestWaitMs } from "./client/patience.ts";
import type { Log } from "./log.ts";
import { instructions } from "./shown/instructions.ts";
import { type CallingSession, callTool } from "./tools/call.ts";
import { tools } from "./tools/index.ts";
import type { Tool } from "./tools/tool.ts";
import { Peer, type Served } from "./wire/peer.ts";
import { progressOf } from "./wire/progress.ts";
import { ERROR, RequestError } from "./wire/request-error.ts";
import type { Transport } from "./wire/transport.ts";

/** A client that is gone this soon after the handshake only looked, and joins nothing; in milliseconds. */
const STAYS_AFTER_MS = 2_000;

/** A client that offers roots says them within this time, in milliseconds. */
const ROOTS_WITHIN_MS = 1_000;

/** Revisions of MCP that are spoken, the newest first: a client that asks for another is offered that one. */
export const REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"] as const;

/** What of a session is served. */
export type ServedSession = CallingSession &
  Pick<AgentSession, "clientSession" | "called" | "awaitRoots" | "start" | "rootsAre" | "takeNotices">;

/** What the server works with. */
export interface ServerParts {
  readonly session: ServedSession;
  readonly transport: Transport;
  readonly log: Log;
  /** Left out, over a connection that lasts: there the client is asked and told things, too. */
  readonly over?: "http";
  /** How the client has called itself over another connection. */
  readonly clientName?: string | undefined;
  /** How long a call of this client may last, in milliseconds, where somebody has said so. */
  readonly longestCallMs?: number | undefined;
}

const Initialize = z.looseObject({
  protocolVersion: z.string(),
  capabilities: z.looseObject({ roots: z.looseObject({}).optional() }).default({}),
  clientInfo: z.looseObject({ name: z.string() }).optional(),
});
const Roots = z.looseObject({ roots: z.array(z.looseObject({ uri: z.string() })) });

/** Serves one client. */
export class Server {
  readonly #session: ServedSession;
  readonly #lasts: boolean;
  readonly #longestCallMs: number | undefined;
  readonly #calledBefore: string | undefined;
  readonly #transport: Transport;
  readonly #log: Log;
  readonly #peer: Peer;
  readonly #underWay = new Set<Promise<unknown>>();
  #client: z.infer<typeof Initialize> | undefined;

  constructor({ session, transport, log, over, longestCallMs, clientName }: ServerParts) {
    this.#calledBefore = clientName;
    this.#longestCallMs = longestCallMs;
    this.#lasts = over === undefined;
    this.#session = session;
    this.#transport = transport;
    this.#log = log;
    this.#peer = new Peer(transport, {
      request: (method, served) => this.#answer(method, served),
      notification: (method) => this.#heard(method),
      failed: (error) => log.warn("protocol.failed", { error }),
    });
  }

  start(): void {
    this.#peer.start();
  }

  /** How the client calls itself; undefined before the handshake. */
  get clientName(): string | undefined {
    return this.#client?.clientInfo?.name ?? this.#calledBefore;
  }

  /** Tells the client. */
  notify(method: string, params: Record<string, unknown>): Promise<void> {
    return this.#peer.notify(method, params);
  }

  /** Resolves when no tool call is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay);
      // The answers of these calls are written before this turn is over.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #answer(method: string, served: Served): Promise<Record<string, unknown>> | Record<string, unknown> {
    switch (method) {
      case "initialize":
        return this.#initialize(served.params);
      case "ping":
        return {};
      case "tools/list":
        return { tools: tools.map(shownTool) };
      case "tools/call":
        return this.#track(this.#call(served));
      default:
        throw new RequestError(ERROR.unknownMethod, `agentmesh does not know ${plainLine(method, 60)}`);
    }
  }

  #initialize(params: Served["params"]): Record<string, unknown> {
    const { data: client, error } = Initialize.safeParse(params, inWords);
    if (!client) throw new RequestError(ERROR.invalidParams, `initialize: ${wrongValueText(wrongValues(error))}.`);
    this.#client = client;
    return {
      protocolVersion: REVISIONS.find((each) => each === client.protocolVersion) ?? REVISIONS[0],
      capabilities: { tools: {}, ...(this.#lasts && { experimental: { "claude/channel": {} } }) },
      serverInfo: { name: "agentmesh", version: VERSION },
      instructions,
    };
  }

  async #heard(method: string): Promise<void> {
    if (method === "notifications/roots/list_changed") return this.#askRoots();
    if (method !== "notifications/initialized") return;
    this.#session.awaitRoots(this.#askRoots());
    setTimeout(() => this.#session.start(), STAYS_AFTER_MS).unref();
  }

  async #askRoots(): Promise<void> {
    if (!this.#lasts || !this.#client?.capabilities.roots) return;
    try {
      const { roots } = Roots.parse(await this.#peer.ask("roots/list", { withinMs: ROOTS_WITHIN_MS }));
      this.#session.rootsAre(roots.map(({ uri }) => uri));
    } catch (error) {
      this.#log.debug("roots.failed", { error });
    }
  }

  async #call({ id, params, signal }: Served): Promise<Record<string, unknown>> {
    const { clientSession } = this.#session;
    if (clientSession.kind === "codex") clientSession.learn({ id: threadIn(params._meta) });
    this.#session.called();
    const tool = toolNamed(params.name);
    const progress = progressOf(params, (method, said) => this.#peer.notify(method, said));
    const longestMs = longestWaitMs({
      ...{ clientName: this.clientName, takesSigns: progress !== undefined },
      ...{ isSeenToGo: !this.#lasts, said: this.#longestCallMs },
    });
    const call = callTool(this.#session, tool, params.arguments, signal, longestMs);
    const { settle, isError, ...result } = await clientSession.during(call).finally(progress?.end);
    if (settle) {
      const settled = new Promise<void>((resolve) => {
        this.#transport.afterAnswer(id, signal, (written) => settle(written).finally(resolve));
      });
      void this.#track(settled);
    }
    const notices = isError ? [] : this.#session.takeNotices();
    // Not every client shows its model that a call has failed.
    const text = isError ? `Failed: ${result.text}` : [...notices, result.text].join("\n\n");
    return {
      content: [{ type: "text", text }],
      // The same facts: where both are shown, the model would pay for them twice.
      ...(knownClient(this.clientName)?.shows !== "both" && {
        structuredContent: { ...(notices.length > 0 && { notices }), ...result.data },
      }),
      ...(isError && { isError }),
    };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#underWay.delete(tracked)).catch(() => undefined);
    this.#underWay.add(tracked);
    return work;
  }
}

function shownTool({ name, description, annotations, schema }: Tool) {
  return { name, description, annotations: { ...annotations }, inputSchema: { type: "object", ...schema() } };
}

const CodexMeta = z.object({ threadId: z.string().min(1).max(200) });

/** The Codex thread that a call comes from. */
function threadIn(meta: unknown): string | undefined {
  return CodexMeta.safeParse(meta).data?.threadId;
}

/** @throws RequestError */
function toolNamed(wanted: unknown): Tool {
  const tool = tools.find(({ name }) => name === wanted);
  if (tool) return tool;
  const known = tools.map(({ name }) => name).join(", ");
  const what = typeof wanted === "string" ? `agentmesh has no tool "${plainLine(wanted, 60)}"` : "No tool was named";
  throw new RequestError(ERROR.invalidParams, `${what}. It has ${known}.`);
}
