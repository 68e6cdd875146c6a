/** The push paths of this session: which there are, in which order, and what is known of each. */
import { plainLine, type PushPath as ReportedPath, systemBrief, systemRefusal } from "@agentmesh/protocol";
import type { PushMeta, PushPath } from "./push-path.ts";

/** A path that failed is tried again after this long, although there is a better one; in milliseconds. */
const TRY_AGAIN_MS = 600_000;

/** What was found out about a path. */
interface Known {
  readonly provenAt?: string | undefined;
  readonly failedWhy?: string | undefined;
  readonly failedAtMs?: number | undefined;
  /** It took the text without an error, and nothing came of it. */
  readonly silent?: boolean;
}

/** A text that went out. */
export interface Pushed {
  readonly path: string;
  /** Ids of the deliveries whose whole text was in it. */
  readonly whole: ReadonlySet<string>;
}

type Pushable = PushPath & Required<Pick<PushPath, "push">>;

function pushable(paths: readonly PushPath[]): Pushable[] {
  return paths.filter((path): path is Pushable => path.push !== undefined);
}

/** A path that did not take a text: what all may know of it, and the error itself for this adapter's log. */
export interface FailedPush {
  readonly path: string;
  readonly failedWhy: string;
  readonly error: unknown;
}

/** Makes the text for a path that takes so many bytes. */
export type Render = (maxBytes: number) => { readonly text: string; readonly whole: ReadonlySet<string> };

/** The paths in order, with their last proof and last failure. */
export class PushPaths {
  readonly #paths: readonly PushPath[];
  readonly #known = new Map<string, Known>();
  readonly #onChange: (report: ReportedPath[]) => void;
  #told: string;

  constructor(paths: readonly PushPath[], onChange: (report: ReportedPath[]) => void) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#told = JSON.stringify(this.report());
  }

  /** Names of those the session has, in order of trying. */
  get names(): string[] {
    return this.#present().map((path) => path.name);
  }

  /** Whether there is a path that a text should go through now, rather than wait for the session's hooks. */
  get usable(): boolean {
    return this.#candidates().length > 0;
  }

  /** The path through which the session comes for its mail. */
  get hooks(): PushPath | undefined {
    return this.#present().find(({ push }) => push === undefined);
  }

  /** Whether another path than this one would be tried now. */
  hasOther(name: string): boolean {
    return this.#candidates().some((path) => path.name !== name);
  }

  /** The paths as the broker and the other agents are told: without proof and failure nothing is known. */
  report(): ReportedPath[] {
    return this.#present().map(({ name }) => {
      const { provenAt, failedWhy } = this.#known.get(name) ?? {};
      return { path: name, ...(provenAt && { provenAt }), ...(failedWhy && { failedWhy }) };
    });
  }

  /** Tells when the session got a path, or something became known of one. */
  changed(): void {
    const report = this.report();
    const told = JSON.stringify(report);
    if (told === this.#told) return;
    this.#told = told;
    this.#onChange(report);
  }

  /** Those before the first path that is proven and works, each with whether it is failing. */
  get unproven(): { readonly path: PushPath; readonly failing: boolean }[] {
    const all = this.#present().map((path) => {
      const { provenAt, failedWhy } = this.#known.get(path.name) ?? {};
      return { path, failing: failedWhy !== undefined, proven: provenAt !== undefined };
    });
    const works = all.findIndex(({ proven, failing }) => proven && !failing);
    return works === -1 ? all : all.slice(0, works);
  }

  /**
   * Pushes through the first path that takes the text, or through `only` that one; returns what failed when none took it.
   */
  async push(render: Render, meta: PushMeta, only?: string): Promise<Pushed | { failed: FailedPush[] }> {
    const failed: FailedPush[] = [];
    const candidates =
      only === undefined ? this.#candidates() : pushable(this.#present()).filter(({ name }) => name === only);
    for (const { name, maxBytes, push } of candidates) {
      const { text, whole } = render(maxBytes);
      try {
        await push(text, meta);
        // An error is over when it does not come again; silence is ended by evidence alone.
        if (!this.#known.get(name)?.silent) this.#note(name, { failedWhy: undefined, failedAtMs: undefined });
        return { path: name, whole };
      } catch (error) {
        const failedWhy = plainLine(wordsOf(error)) || "unknown";
        failed.push({ path: name, failedWhy, error });
        this.#note(name, { failedWhy, failedAtMs: performance.now(), silent: false });
      }
    }
    return { failed };
  }

  /** Evidence showed that what was pushed through this path was read. */
  proven(name: string): void {
    this.#known.set(name, { provenAt: new Date().toISOString() });
    this.changed();
  }

  /** Nothing showed that what was pushed through this path was read. */
  silent(name: string, failedWhy: string): void {
    this.#note(name, { failedWhy, failedAtMs: performance.now(), silent: true });
  }

  /** The session's hooks cannot come for its mail, and why; `undefined` when they can again. */
  hooksFail(why: string | undefined): void {
    const hooks = this.#paths.find(({ push }) => push === undefined);
    if (!hooks) return;
    const failed = why === undefined ? undefined : { failedWhy: plainLine(why), failedAtMs: performance.now() };
    this.#note(hooks.name, failed ?? { failedWhy: undefined, failedAtMs: undefined });
  }

  /** Whether a text that this path brought is in the client's hands at once, at work or not. */
  tellsAtOnce(name: string): boolean {
    return this.#paths.some((path) => path.name === name && path.tellsAtOnce === true);
  }

  #present(): PushPath[] {
    return this.#paths.filter((path) => path.known());
  }

  /** Those without a failure, or whose failure is long ago; failed ones only where nothing else is left. */
  #candidates(): Pushable[] {
    const good = this.#present().filter(({ name }) => !this.#failing(name));
    return pushable(good.length > 0 ? good : this.#present());
  }

  #failing(name: string): boolean {
    const { failedAtMs } = this.#known.get(name) ?? {};
    return failedAtMs !== undefined && performance.now() - failedAtMs < TRY_AGAIN_MS;
  }

  #note(name: string, news: Known): void {
    this.#known.set(name, { ...this.#known.get(name), ...news });
    this.changed();
  }
}

/** Every agent of the mesh may read them. */
function wordsOf(error: unknown): string {
  const refusal = systemRefusal(error);
  if (refusal) return systemBrief(refusal);
  return error instanceof Error ? error.message : String(error);
}
