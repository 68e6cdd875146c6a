/** Needs: one list of what waits for a person, the worst first, each with what ends it. */
import { createHash } from "node:crypto";
import {
  type AgentId,
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  MAX_LETTERS_PER_NEED,
  MAX_NEEDS_OF_A_KIND,
  type Need,
  NeedKind,
} from "@agentmesh/protocol";
import type { Intake } from "../acceptance/intake.ts";
import type { Agents } from "../agents.ts";
import { type AnyCaller, mayActFor } from "../caller.ts";
import { type Clock, timestamp } from "../clock.ts";
import type { Look, Turns } from "../looks/turns.ts";
import type { Policy } from "../policy.ts";
import type { AskNeed, DeadNeed, HeldNeed } from "../store/needs.ts";
import type { Store, Viewer } from "../store.ts";
import { type FoundNeed, keyOf } from "./found.ts";
import { ofInbox, ofPath } from "./of-agents.ts";
import type { Refusal, Refusals } from "./refusals.ts";
import { answering, deciding, ending, endingDebt, lookingAtBroker, lookingAtOwed, lookingBetween } from "./remedies.ts";

type Row = (typeof endpoints)["listNeeds"];

/** Inboxes that are looked at in a row. */
const INBOXES = 64;

/** How bad each kind is: the first is the worst. */
const rankOf = new Map<NeedKind, number>(NeedKind.options.map((kind, rank) => [kind, rank]));

/** The verb on needs. */
export class Needs {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #policy: Policy;
  readonly #clock: Clock;
  readonly #intake: Intake;
  readonly #turns: Turns;
  readonly #refusals: Refusals;

  constructor(parts: {
    store: Store;
    agents: Agents;
    policy: Policy;
    clock: Clock;
    intake: Intake;
    turns: Turns;
    refusals: Refusals;
  }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#intake = parts.intake;
    this.#turns = parts.turns;
    this.#refusals = parts.refusals;
  }

  /** One page of what waits for a person: of the mesh, or at one agent. @throws MeshError forbidden, agent_not_found */
  async list(from: AnyCaller, query: EndpointRequest<Row>["query"], signal?: AbortSignal): Promise<EndpointReply<Row>> {
    const caller = await this.#agents.looker(from, query.agent);
    const whose = query.agent ?? (caller.kind === "agent" ? "me" : undefined);
    const owner = whose === undefined ? undefined : await this.#agents.resolve(whose, caller);
    if (owner) mayActFor(caller, owner);
    const look = this.#turns.look(from, signal);
    const all = await this.#find(owner?.id, caller.kind === "key", look);
    const counts: Record<string, number> = {};
    for (const { kind } of all) counts[kind] = (counts[kind] ?? 0) + 1;
    const asked = all
      .filter(({ kind }) => query.kind === undefined || kind === query.kind)
      .filter(firstOfEach(query.ofEach))
      .filter(behind(query.after));
    const shown = asked.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      needs: await this.#show(shown, look),
      counts,
      ...(last && asked.length > shown.length && { nextAfter: `${last.since}/${keyOf(last)}` }),
    };
  }

  /** All of them, the worst first, of a kind the oldest first; of each kind so many at most. */
  async #find(viewer: Viewer, byKey: boolean, look: Look): Promise<FoundNeed[]> {
    const { turn } = look;
    const sought = { viewer, limit: MAX_NEEDS_OF_A_KIND, turn };
    await turn();
    const found = [
      ...this.#disk(),
      ...(await this.#store.questionNeeds(sought)).map(questionNeed),
      ...(await this.#store.heldNeeds(sought)).map(heldNeed),
      ...(await this.#store.deadNeeds(sought)).map((each) => this.#dead(each, look)),
      ...(await this.#store.overdueNeeds(sought)).map((each) => overdueNeed(each, byKey || viewer === each.from.id)),
      ...(await this.#store.failingPaths(sought)).flatMap((each) => ofPath(each, this.#policy)),
      ...this.#refusals.all().filter(concerns(viewer)).map(refusalNeed),
      ...(await this.#inboxes(viewer, look)),
    ];
    const byKind = Map.groupBy(found, ({ kind }) => kind);
    return NeedKind.options.flatMap((kind) => (byKind.get(kind) ?? []).sort(inOrder).slice(0, MAX_NEEDS_OF_A_KIND));
  }

  async #inboxes(viewer: Viewer, look: Look): Promise<FoundNeed[]> {
    const found: FoundNeed[] = [];
    for (let after: AgentId | undefined; ; ) {
      await look.turn();
      const { loads, next } = await this.#store.inboxLoads(viewer, after, INBOXES);
      found.push(...loads.flatMap((load) => ofInbox(load, this.#policy, this.#clock.now())));
      if (next === undefined) return found;
      after = next;
    }
  }

  #disk(): FoundNeed[] {
    const { closed } = this.#intake;
    if (closed === undefined) return [];
    const need = { why: closed.why, remedies: lookingAtBroker() };
    return [{ kind: "disk", of: "full", since: closed.since, need }];
  }

  #dead(group: DeadNeed, look: Look): FoundNeed {
    const { to, isGone, since } = group;
    const why = group.reason === "" ? "no reason was noted" : group.reason;
    const hash = createHash("sha256").update(group.reason).digest("base64url").slice(0, 12);
    return {
      kind: "dead",
      of: `${to.id} ${hash}`,
      since,
      need: { why, agent: to, remedies: [] },
      more: async () => {
        await look.turn();
        const { letters, count } = await this.#store.deadLetters(group, MAX_LETTERS_PER_NEED, MAX_NEEDS_OF_A_KIND);
        const ids = letters.map(({ id }) => id);
        const [first] = letters;
        return {
          deliveries: ids,
          count,
          ...(first && { messageId: first.messageId, from: first.from }),
          remedies: ids.length === 0 ? [] : ending(ids, isGone),
        };
      },
    };
  }

  async #show(found: readonly FoundNeed[], look: Look): Promise<Need[]> {
    const whole: Need[] = [];
    for (const each of found) {
      const more = await each.more?.();
      // They were ended while the others were looked for.
      if (more?.deliveries?.length === 0) continue;
      const { kind, since, messageId, need } = each;
      whole.push({
        kind,
        key: keyOf(each),
        since: timestamp(since),
        ...need,
        ...(messageId !== undefined && { messageId }),
        ...more,
      });
    }
    const ids = whole.flatMap(({ messageId }) => messageId ?? []);
    const previews = await this.#store.previews(ids, look.turn);
    return whole.map((need) => {
      const preview = need.messageId && previews.get(need.messageId);
      return preview === undefined ? need : { ...need, preview };
    });
  }
}

function inOrder(a: FoundNeed, b: FoundNeed): number {
  return a.since - b.since || (a.of < b.of ? -1 : a.of > b.of ? 1 : 0);
}

/** Lets through so many of each kind. */
function firstOfEach(most: number | undefined): (need: FoundNeed) => boolean {
  const passed = new Map<NeedKind, number>();
  return ({ kind }) => {
    const n = passed.get(kind) ?? 0;
    passed.set(kind, n + 1);
    return most === undefined || n < most;
  };
}

/** Lets through what comes behind a place of the list, whether what was there is there still or not. */
function behind(after: string | undefined): (need: FoundNeed) => boolean {
  const [, since, kind, of = ""] = /^(\d+)\/([a-z_]+)\/(.*)$/.exec(after ?? "") ?? [];
  const last = NeedKind.safeParse(kind);
  if (!last.success) return () => true;
  const place = { kind: last.data, since: Number(since), of };
  const rank = ({ kind }: Pick<FoundNeed, "kind">) => rankOf.get(kind) ?? 0;
  return (need) => rank(need) > rank(place) || (need.kind === place.kind && isBehind(need, place));
}

function isBehind({ since, of }: FoundNeed, place: Pick<FoundNeed, "since" | "of">): boolean {
  return since > place.since || (since === place.since && of > place.of);
}

function questionNeed({ messageId, from, to, askedAt }: AskNeed): FoundNeed {
  const need = { why: "waits for an answer", agent: to, from, remedies: answering(messageId) };
  return { kind: "question", of: messageId, since: askedAt, messageId, need };
}

/** Who owes an answer sees what it owes, and cannot waive it. */
function overdueNeed({ messageId, from, to, dueAt }: AskNeed, mayWaive: boolean): FoundNeed {
  const need = { why: "the answer is overdue", agent: to, from, remedies: endingDebt(to, from, messageId, mayWaive) };
  return { kind: "overdue", of: messageId, since: dueAt, messageId, need };
}

function heldNeed({ id, messageId, from, to, since }: HeldNeed): FoundNeed {
  const need = { why: "held by its policy", agent: to, from, deliveries: [id], remedies: deciding(id) };
  return { kind: "held", of: id, since, messageId, need };
}

/** A refusal is told to whoever sees all, and to the agent that was refused. */
function concerns(viewer: Viewer): (refusal: Refusal) => boolean {
  return ({ from }) => viewer === undefined || from.id === viewer;
}

function refusalNeed({ kind, from, to, why, count, since }: Refusal): FoundNeed {
  const remedies = kind === "deadlock" ? lookingAtOwed(to) : lookingBetween(from, to);
  return { kind, of: `${from.id} ${to.id}`, since, need: { why, from, agent: to, count, remedies } };
}
