/** Event webhooks: set when their callback has answered a challenge, renewed, ended; each at work until its time is over. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { AgentId } from "@agentmesh/protocol";
import {
  type AskedCallback,
  ERROR,
  EVENT_ERROR,
  type EventCallbacks,
  EventRefusal,
  type GrantedCallback,
} from "agentmesh-mcp/http";
import * as z from "zod";
import { ActLanes } from "../mesh/act-lanes.ts";
import { MeshError } from "../mesh/errors.ts";
import type { EventWebhookRecord } from "../mesh/store.ts";
import { EgressError } from "../sinks/egress.ts";
import { EventCallback, type PostFailure } from "../sinks/event-callback.ts";
import { EventPump, messageId } from "./event-pump.ts";
import type { EventWebhookParts } from "./parts.ts";
import { type EventWebhookTerms, eventWebhookId, openEventTerms, renewedTerms, sealEventTerms } from "./terms.ts";

/** How many there may be. */
const QUOTA = { ofAgent: 16, ofAll: 256 };
/** Challenges of one agent that may be under way: nobody's URL is posted to more often because somebody asks often. */
const MOST_CHALLENGES = 2;
/** How long one lasts: as asked for, within these; in milliseconds. */
const TTL_MS = { least: 1_000, usual: 3_600_000, most: 86_400_000 };

/** How often it is looked whether this broker is on duty, and what others have set, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

const Echo = z.looseObject({ challenge: z.string() });

/** Those of one broker. */
export class EventWebhooks implements EventCallbacks {
  readonly #parts: EventWebhookParts;
  readonly #pumps = new Map<string, EventPump>();
  readonly #running = new Map<EventPump, Promise<void>>();
  readonly #challenges = new Map<AgentId, number>();
  /** What is set and ended of one goes in its order, so that what is at work is what is stored. */
  readonly #acts = new ActLanes();
  /** What was stored of those that cannot be posted to. */
  readonly #refused = new Map<string, string>();
  #adopting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: EventWebhookParts) {
    this.#parts = parts;
  }

  /** Goes on with those that are stored; beside other brokers as long as this one is on duty, which it looks for again and again. */
  async start(): Promise<void> {
    const { store, onFault } = this.#parts;
    await this.#adopt();
    if (!store.shared) return;
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#adopting = this.#adopt()
        .catch(onFault)
        .finally(() => {
          busy = false;
        });
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async #adopt(): Promise<void> {
    const { store, clock } = this.#parts;
    const before = [...this.#pumps];
    const records = store.isOnDuty() ? await store.listEventWebhooks() : [];
    for (const record of records) if (!store.shared || record.endsAt > clock.now()) this.#adoptOne(record);
    const stored = new Set(records.map(({ id }) => id));
    for (const [id, pump] of before) {
      if (stored.has(id)) continue;
      pump.close();
      if (this.#pumps.get(id) === pump) this.#pumps.delete(id);
    }
  }

  #adoptOne(record: EventWebhookRecord): void {
    const { seal, onNotice } = this.#parts;
    const { agentId, id } = record;
    const running = this.#pumps.get(id);
    if (running?.isAs(record) || this.#refused.get(id) === record.sealed) return;
    const terms = openEventTerms(seal, agentId, record.sealed);
    try {
      if (terms) return void (running?.renew(terms, record) || this.#begin(record, terms));
      onNotice("event_webhook.lost", { agent: agentId, subscription: id, why: "the mesh key is another one" });
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      onNotice("event_webhook.refused", { agent: agentId, subscription: id, why: error.publicly });
    }
    // Said once of each that is stored.
    this.#refused.set(id, record.sealed);
  }

  /** The terms of one that is stored, or at work here. */
  async #known(agentId: AgentId, id: string): Promise<EventWebhookTerms | undefined> {
    const { store, seal, clock } = this.#parts;
    if (!store.shared) return this.#pumps.get(id)?.terms;
    const record = (await store.listEventWebhooks()).find((each) => each.id === id && each.endsAt > clock.now());
    return record && openEventTerms(seal, agentId, record.sealed);
  }

  async subscribe(asked: AskedCallback): Promise<GrantedCallback> {
    const { agentId } = asked;
    const id = eventWebhookId(agentId, asked);
    const wasKnown = (await this.#known(agentId, id)) !== undefined;
    if (!wasKnown) await this.#verify(agentId, id, asked);
    return (await this.#acts.run(id, () => this.#set(id, asked, wasKnown))) ?? this.subscribe(asked);
  }

  /** Sets one that was known, or whose callback was verified; undefined where it ended meanwhile. */
  async #set(id: string, asked: AskedCallback, wasKnown: boolean): Promise<GrantedCallback | undefined> {
    const { store, seal, clock } = this.#parts;
    const { agentId, name, arguments: wanted, url, oldest, secret, cursor, ttlMs } = asked;
    const fresh: EventWebhookTerms = { name, arguments: wanted, url, oldest, secret };
    // What came while the challenge was answered counts, too.
    const known = await this.#known(agentId, id);
    if (wasKnown && !known) return undefined;
    const terms = known ? renewedTerms(known, fresh, clock.now()) : fresh;
    const lasts = ttlMs === null ? TTL_MS.most : (ttlMs ?? TTL_MS.usual);
    const endsAt = clock.now() + Math.min(TTL_MS.most, Math.max(TTL_MS.least, lasts));
    const sealed = sealEventTerms(seal, agentId, terms);
    const record = await store.putEventWebhook({ id, agentId, sealed, cursor, endsAt }, QUOTA).catch(hasLeft);
    if (record === "full") {
      throw new EventRefusal(
        EVENT_ERROR.exhausted,
        `ResourceExhausted: there are as many subscriptions as may be, ${QUOTA.ofAgent} of an agent and ${QUOTA.ofAll} of all. End one, or wait until one is over.`,
        { limit: "subscriptions", max: QUOTA.ofAgent },
      );
    }
    const running = this.#pumps.get(id);
    const status = running?.status;
    if (running && !running.renew(terms, { endsAt, sealed })) {
      // It may have taken with it what was renewed: it begins anew behind that.
      await this.#running.get(running);
      return undefined;
    }
    const pump = running ?? (store.isOnDuty() ? this.#begin(record, terms) : record);
    return {
      ...{ id, refreshBefore: new Date(endsAt).toISOString(), cursor: pump.cursor, isRefreshed: known !== undefined },
      ...(status && { deliveryStatus: status }),
    };
  }

  unsubscribe(key: Pick<AskedCallback, "agentId" | "name" | "arguments" | "url">): Promise<boolean> {
    const id = eventWebhookId(key.agentId, key);
    return this.#acts.run(id, async () => {
      const isEnded = await this.#parts.store.endEventWebhook(key.agentId, id);
      this.#pumps.get(id)?.close();
      this.#pumps.delete(id);
      return isEnded;
    });
  }

  /** Ends all posts; what is not taken is posted by the next broker. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#adopting;
    for (const pump of this.#pumps.values()) pump.close();
    await Promise.all(this.#running.values());
  }

  /** @throws EgressError */
  #begin(record: EventWebhookRecord, terms: EventWebhookTerms): EventPump {
    const pump = new EventPump(record, terms, this.#parts);
    this.#pumps.set(record.id, pump);
    const over = pump.run().finally(() => {
      if (this.#pumps.get(record.id) === pump) this.#pumps.delete(record.id);
      this.#running.delete(pump);
    });
    this.#running.set(pump, over);
    return pump;
  }

  /** Posts a challenge, once: who answers it wants posts, and has the secret. @throws EventRefusal */
  async #verify(agentId: AgentId, id: string, { url, secret }: AskedCallback): Promise<void> {
    const { callback, onNotice } = this.#parts;
    const underWay = this.#challenges.get(agentId) ?? 0;
    if (underWay >= MOST_CHALLENGES) {
      throw new EventRefusal(
        EVENT_ERROR.exhausted,
        `ResourceExhausted: ${underWay} callbacks of this agent are being verified, the most at a time. Ask again when one is.`,
        { limit: "verifications", max: MOST_CHALLENGES },
      );
    }
    this.#challenges.set(agentId, underWay + 1);
    try {
      await callback.egress.addresses(callback.egress.parse(url));
      const to = new EventCallback(url, callback);
      const challenge = randomBytes(32).toString("base64url");
      const body = JSON.stringify({ type: "verification", challenge });
      const posted = { messageId: messageId("verification"), subscriptionId: id, body, secrets: [secret] };
      const outcome = await to.post(posted).finally(() => to.close());
      if (outcome.kind === "taken" && isEcho(outcome.body, challenge)) return;
      const why: PostFailure = outcome.kind === "failed" ? outcome.why : "challenge_failed";
      onNotice("event_webhook.unverified", { agent: agentId, subscription: id, why });
      throw unverified(why);
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      throw new EventRefusal(ERROR.invalidParams, `delivery.url: ${error.publicly}.`);
    } finally {
      const left = (this.#challenges.get(agentId) ?? 1) - 1;
      if (left === 0) this.#challenges.delete(agentId);
      else this.#challenges.set(agentId, left);
    }
  }
}

function hasLeft(error: unknown): never {
  if (!(error instanceof MeshError) || error.code !== "agent_not_found") throw error;
  throw new EventRefusal(EVENT_ERROR.forbidden, `Forbidden: ${error.message}`);
}

function isEcho(body: string, challenge: string): boolean {
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    return false;
  }
  const { data } = Echo.safeParse(said);
  const [wanted, given] = [Buffer.from(challenge), Buffer.from(data?.challenge ?? "")];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

function unverified(why: PostFailure): EventRefusal {
  return new EventRefusal(
    EVENT_ERROR.callback,
    `CallbackEndpointError: the callback did not answer the challenge (${why}). It answers 2xx and {"challenge": "…"}, the same as it was posted.`,
    { reason: why },
  );
}
