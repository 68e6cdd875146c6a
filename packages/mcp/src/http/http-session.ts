/** An agent's session over HTTP: joined with the agent's own token at the first call, left when nothing is called for a while. */
import type { MeshClient } from "@agentmesh/client";
import { type AgentProfile, plainLine, toAgentName } from "@agentmesh/protocol";
import { ClientSession } from "../client/client-session.ts";
import { DeliveriesInHand } from "../deliveries-in-hand.ts";
import type { JoinedSession } from "../join.ts";
import type { Log } from "../log.ts";
import { Canaries } from "../push/canary.ts";
import { Evidence } from "../push/evidence.ts";
import { HookMail } from "../push/hook-mail.ts";
import { PushPaths } from "../push/push-paths.ts";
import { SendKeys } from "../send-keys.ts";
import type { ServedSession } from "../server.ts";
import type { WaitsFor } from "../shown/remedy.ts";
import type { PushSigns } from "../transcript/transcript.ts";
import { Turns } from "../turns.ts";

/** Nothing is pushed here, so nothing shows of a push. */
const NO_SIGNS: PushSigns = { readable: false, read: () => new Map(), search: () => undefined };

/** It. No push path leads into it: its mail is what `check_messages` reads. */
export class HttpSession implements ServedSession {
  readonly clientSession = new ClientSession(undefined);
  readonly #client: MeshClient;
  readonly #log: Log;
  readonly #sendKeys = new SendKeys();
  readonly #reading = new Turns();
  #joined: Promise<{ readonly session: JoinedSession; readonly over: AbortController }> | undefined;

  constructor(client: MeshClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  async joined(): Promise<JoinedSession> {
    this.#joined ??= this.#join().catch((error: unknown) => {
      this.#joined = undefined;
      throw error;
    });
    return (await this.#joined).session;
  }

  /** Ends it; the next call joins anew. Never throws. */
  async leave(): Promise<void> {
    const joined = this.#joined;
    this.#joined = undefined;
    try {
      const { session, over } = (await joined) ?? {};
      over?.abort();
      await session?.mesh.leave();
    } catch (error) {
      this.#log.debug("mcp.leave_failed", { error });
    }
  }

  get waitsFor(): WaitsFor {
    return { elsewhere: undefined, address: undefined, other: undefined };
  }

  takeNotices(): string[] {
    return [];
  }

  // What an adapter beside its client learns of it, nobody learns from here.
  called(): void {}
  start(): void {}
  awaitRoots(): void {}
  rootsAre(): void {}
  wasUsed(): void {}

  async #join() {
    const over = new AbortController();
    const profile: AgentProfile = {};
    const mesh = await this.#client.join({ profile, pushPaths: [] });
    const { name, directory = "its directory, which it has not named,", repo, repoUrl, branch } = mesh.agent;
    const log = this.#log;
    const paths = new PushPaths([], () => undefined);
    const inHand = new DeliveriesInHand();
    const evidence = new Evidence({
      ...{ session: this.clientSession, transcript: NO_SIGNS, inHand, paths, log, signWithinMs: 60_000 },
      onSilence: () => undefined,
      onDropped: () => undefined,
    });
    over.signal.addEventListener("abort", () => evidence.stop(), { once: true });
    const session: JoinedSession = {
      ...{ client: this.#client, mesh, profile, inHand, paths, evidence, log },
      place: {
        ...{ directory: plainLine(directory), repo, repoUrl, branch },
        ...{ name: toAgentName(name), title: name, summary: "" },
      },
      keepSummary: () => undefined,
      canaries: new Canaries({ transcript: NO_SIGNS, paths, evidence, log, enabled: false }),
      hookMail: new HookMail({ client: this.#client, mesh, inHand, paths, evidence, log }),
      ...{ sendKeys: this.#sendKeys, reading: this.#reading, over: over.signal, notice: undefined },
      resumePush: () => undefined,
    };
    return { session, over };
  }
}
