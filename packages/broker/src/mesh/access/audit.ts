/** The audit log: what is refused is noted once a minute of each, so that nobody fills it by being refused. */
import type { AuditAct, AuditEntry, EndpointReply, EndpointRequest, endpoints } from "@agentmesh/protocol";
import { timestamp } from "../clock.ts";
import type { Wakes } from "../push/wakes.ts";
import type { AuditNote, AuditRecord, By, Store } from "../store.ts";

type Table = typeof endpoints;

/** How long the same refusal is noted once, in milliseconds. */
const ONCE_MS = 60_000;

/** So many refusals are told apart at a time; more are all one. */
const MOST = 1_000;

/** The verbs on it. */
export class Audit {
  readonly #store: Store;
  readonly #audited: Wakes<"audit">;
  readonly #onFault: (error: unknown) => void;
  readonly #noted = new Map<string, number>();

  constructor(parts: { store: Store; audited: Wakes<"audit">; onFault: (error: unknown) => void }) {
    this.#store = parts.store;
    this.#audited = parts.audited;
    this.#onFault = parts.onFault;
  }

  /** Notes what no act of the store notes. A disk that does not take it keeps nobody from what was done. */
  async note(note: AuditNote): Promise<void> {
    await this.#store.noteAudit(note).catch(this.#onFault);
  }

  /** Notes that somebody was refused; nobody waits for it. */
  refused(
    act: Extract<AuditAct, "join_refused" | "call_refused" | "token_refused" | "page_refused">,
    by: By,
    why: string,
  ): void {
    const now = performance.now();
    for (const [key, at] of this.#noted) {
      if (now - at < ONCE_MS) break;
      this.#noted.delete(key);
    }
    const said = `${act} ${by.kind} ${by.id ?? by.address} ${why}`;
    const key = this.#noted.size < MOST ? said : `${act} of many`;
    if (this.#noted.has(said) || this.#noted.has(key)) return;
    this.#noted.set(key, now);
    const note: AuditNote = { act, by, why };
    this.#store.noteAudit(note).catch(this.#onFault);
  }

  /** Entries behind a number, the oldest first; without one the newest. Waits up to `waitMs` for a first one. */
  async list(
    { after, limit, waitMs }: EndpointRequest<Table["audit"]>["query"],
    signal: AbortSignal,
  ): Promise<EndpointReply<Table["audit"]>> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      using wait = this.#audited.wait("audit", deadline - performance.now(), signal);
      const found = await this.#store.listAudit(after, limit);
      if (found.length > 0 || performance.now() >= deadline || signal.aborted) {
        return { entries: found.map(shown), next: found.at(-1)?.seq ?? after ?? 0 };
      }
      await wait.over;
    }
  }
}

function shown({ seq, at, act, by, about, why }: AuditRecord): AuditEntry {
  const { id, name } = about ?? {};
  return {
    ...{ seq, at: timestamp(at), act, by },
    ...(about && { about: { ...(id !== undefined && { id }), ...(name !== undefined && { name }) } }),
    ...(why !== undefined && { why }),
  };
}
