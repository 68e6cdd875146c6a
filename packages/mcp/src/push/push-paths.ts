/** The push paths of this session: which there are, in which order, and what is known of each. */
import type { PushPath as ReportedPath } from "@agentmesh/protocol";
import { plainLine } from "@agentmesh/protocol";
import type { Config } from "../config.ts";
import { claudeChannel } from "./claude-channel.ts";
import { claudeInbox } from "./claude-inbox.ts";
import type { Notify, PushMeta, PushPath } from "./push-path.ts";

/** The paths this client offers, best first. */
export function choosePushPaths(config: Config, clientName: string, notify: Notify): PushPath[] {
  const { push, claudeSocket, claudeToken } = config;
  const paths: PushPath[] = [];
  if (claudeSocket !== undefined && (push === "auto" || push === "claude-inbox")) {
    paths.push(claudeInbox(claudeSocket, claudeToken));
  }
  if (push === "claude-channel" || (push === "auto" && clientName.startsWith("claude"))) {
    paths.push(claudeChannel(notify));
  }
  return paths;
}

/** The paths in order, with their last proof and last failure. */
export class PushPaths {
  readonly #paths: readonly PushPath[];
  readonly #known: Map<string, ReportedPath>;
  readonly #onChange: (report: ReportedPath[]) => void;

  constructor(paths: readonly PushPath[], onChange: (report: ReportedPath[]) => void) {
    this.#paths = paths;
    this.#known = new Map(paths.map(({ name }) => [name, { path: name }]));
    this.#onChange = onChange;
  }

  /** Names in order of trying. */
  get names(): string[] {
    return this.#paths.map((path) => path.name);
  }

  /** The paths as the broker and the other agents are told. */
  report(): ReportedPath[] {
    return [...this.#known.values()];
  }

  /** Pushes through the first path that takes the text; returns its name, or what failed when none did. */
  async push(text: string, meta: PushMeta): Promise<{ path: string } | { failed: ReportedPath[] }> {
    for (const path of this.#paths) {
      try {
        await path.push(text, meta);
        this.#note({ ...this.#known.get(path.name), path: path.name, failedWhy: undefined });
        return { path: path.name };
      } catch (error) {
        const failedWhy = plainLine(error instanceof Error ? error.message : String(error)) || "unknown";
        this.#note({ ...this.#known.get(path.name), path: path.name, failedWhy });
      }
    }
    return { failed: this.report() };
  }

  /** Evidence showed that what was pushed through this path was read. */
  proven(name: string): void {
    if (this.#known.has(name)) this.#note({ path: name, provenAt: new Date().toISOString() });
  }

  #note({
    path,
    provenAt,
    failedWhy,
  }: {
    path: string;
    provenAt?: string | undefined;
    failedWhy?: string | undefined;
  }) {
    const before = this.#known.get(path);
    this.#known.set(path, { path, ...(provenAt && { provenAt }), ...(failedWhy && { failedWhy }) });
    if (before?.provenAt !== provenAt || before?.failedWhy !== failedWhy) this.#onChange(this.report());
  }
}
