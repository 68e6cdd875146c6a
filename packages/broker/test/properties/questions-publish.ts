/** Questions about a publish: accepted for all at once, whatever goes between its slices and wherever it is cut off. */
import { isDeepStrictEqual } from "node:util";
import type { DeliveryId, MessageStatus } from "@agentmesh/protocol";
import { newId } from "../../src/mesh/ids.ts";
import type { MessageToPublish, Published } from "../../src/mesh/store.ts";
import { beginDelivery, beginMessage, isFull } from "./acceptance.ts";
import { type AgentHistory, type DeliveryHistory, type MessageHistory, short } from "./history.ts";
import { type Observer, type Outcome, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { followStart, judgeVoided, loseUnwritten, stepAtStart } from "./questions-care.ts";
import { checkAccepted } from "./questions-messages.ts";
import { type End, QUOTA, turn } from "./world.ts";

/** Publishes: every subscriber of the moment is accepted, or skipped with its reason. */
export function publish(asked: MessageToPublish): Question {
  return async (o) => {
    o.asked.add(asked.id);
    const answer = await outcome(o.world.store.publish(asked, QUOTA));
    return { sender: asked.senderId, slices: () => slicesOf(o, asked, answer) };
  };
}

/**
 * Publishes under a key, and the broker is killed some turns later; the sender, who may have no answer, asks again. What
 * was stored of the first request is all of it.
 */
export function publishAndKill(asked: MessageToPublish, turns: number, end: Exclude<End, "clean">): Question {
  return async (o) => {
    // The states in the second answer are those after the start, where no stream is open.
    o.world.streams.clear();
    const first = outcome(o.world.store.publish(asked, QUOTA)).catch(() => undefined);
    for (let i = 0; i < turns; i++) await turn();
    await o.world.restart(end);
    loseUnwritten(o, end);
    const seen = await o.world.store.messageStatus(asked.id);
    const shown = seen?.deliveries.map(({ id }) => id);
    const lives = stepAtStart(o) > 0 ? await livesOf(o, seen) : undefined;
    const again = { ...asked, id: newId("msg") };
    const answer = await outcome(o.world.store.publish(again, QUOTA));
    // Who is not answered now is not answered any more.
    const told = await Promise.race([
      first,
      turn()
        .then(turn)
        .then(() => undefined),
    ]);
    return () => {
      const isStored = answer.kind === "answered" && answer.value.message.id === asked.id;
      o.say(`${end} ${turns} turns after a publish, of which ${isStored ? "all" : "nothing"} was stored`);
      demand(told?.kind !== "answered" || isStored, "I1 no loss", () => `${asked.id} was answered, and is not stored`);
      if (!isStored) {
        demand(shown === undefined, "I4 send idempotence", () => `${asked.id} is shown, and was accepted once more`);
        followStart(o);
        judgeVoided(o);
        o.started();
      }
      if (answer.kind === "answered") demand(answer.value.duplicate === isStored, "I4 send idempotence", () => "twice");
      for (const slices = slicesOf(o, isStored ? asked : again, answer, isStored); slices.next().done !== true; )
        if (isStored) judgeVoided(o);
      if (!isStored) return;
      const back = stepAtStart(o);
      followStart(o);
      if (lives) judgeLives(o.history.message(asked.id)?.deliveries ?? [], back, lives);
      judgeVoided(o);
      o.started();
      const all = o.history.message(asked.id)?.deliveries.map(({ id }) => id);
      demand(
        isDeepStrictEqual(shown, all),
        "I12 broadcast",
        () => `after a crash ${shown?.length} of ${all?.length} got ${asked.id}`,
      );
    };
  };
}

/** Until when each delivery of a message lives, as its inbox shows it. */
async function livesOf(o: Observer, seen: MessageStatus | undefined): Promise<ReadonlyMap<DeliveryId, number>> {
  const lives = (seen?.deliveries ?? []).map(async ({ id, seq, to }) => {
    const page = await o.world.store.listInbox({ agentId: to.id, which: "all", afterSeq: seq - 1, limit: 1 });
    return [id, Date.parse(page.entries[0]?.message.expiresAt ?? "")] as const;
  });
  return new Map(await Promise.all(lives));
}

/**
 * A start that follows a step of the clock moves the life of what was delivered by then; what it delivers of a publish that was
 * cut off lives as long as the message was accepted for. How far it had come is not known from outside.
 */
function judgeLives(
  deliveries: readonly DeliveryHistory[],
  back: number,
  lives: ReadonlyMap<DeliveryId, number>,
): void {
  for (const each of deliveries) {
    const shown = lives.get(each.id) ?? each.expiresAt;
    const isEither = shown === each.expiresAt || shown === each.expiresAt + back;
    demand(isEither, "I11 expiry honesty", () => `${short(each)} lives until ${shown}, not until ${each.expiresAt}`);
    each.expiresAt = shown;
  }
}

/** Looks at what is being published in the same turn, some turns later: all of it is shown, or nothing yet. */
export function lookMeanwhile(turns: number): Question {
  return async (o) => {
    for (let i = 0; i < turns; i++) await turn();
    const seen = [...o.asked].map(async (id) => ({ id, status: await o.world.store.messageStatus(id) }));
    const all = await Promise.all(seen);
    return () =>
      o.afterAll(() => {
        for (const { id, status } of all) {
          const owed = o.spread.get(id) ?? [];
          const shown = new Set<string>(status?.deliveries.map((each) => each.id));
          const isWhole = status === undefined || owed.every((each) => shown.has(each));
          demand(isWhole, "I12 broadcast", () => `${shown.size} of ${owed.length} who get ${id} were shown meanwhile`);
        }
      });
  };
}

/** Judges the slices of a publish, with a `yield` between each two. */
function* slicesOf(
  o: Observer,
  asked: MessageToPublish,
  answer: Outcome<Published>,
  isRepeated = false,
): Iterator<undefined, void> {
  const { history, now } = o;
  history.publishes.push(asked);
  const { idempotency, senderId, topic } = asked;
  const sender = history.agent(senderId);
  const used = history.keyInUse(senderId, idempotency?.key, now);
  const other = used !== undefined && used.contentHash !== idempotency?.contentHash;
  const what = `${sender?.name} on ${topic} (${asked.bodyBytes} bytes, key ${idempotency?.key})`;
  if (answer.kind === "refused") {
    o.say(`publish ${what}: ${answer.code}`);
    const just = { unauthenticated: !sender, idempotency_mismatch: other }[answer.code] === true;
    demand(just, "I4 send idempotence", () => `the publish ${what} was refused without cause: ${answer.code}`);
    return;
  }
  const { duplicate, message, accepted, skipped } = answer.value;
  o.say(`publish ${what}: ${accepted.length} accepted, ${skipped.length} skipped${duplicate ? " (duplicate)" : ""}`);
  demand(!other, "I4 send idempotence", () => `key ${idempotency?.key} was accepted with other content: ${what}`);
  const known = isRepeated || used !== undefined;
  demand(duplicate === known, "I4 send idempotence", () => `${what} has duplicate: ${duplicate}`);
  demand(sender !== undefined, "I10 authenticity", () => `a removed agent has published: ${what}`);
  if (used) {
    const same =
      message.id === used.of.id &&
      isDeepStrictEqual(toldOf(answer.value), keptOf(used.of)) &&
      isDeepStrictEqual(skipped, used.of.skipped);
    demand(same, "I4 send idempotence", () => `the repeated publish ${what} was answered as another one`);
    return;
  }
  checkAccepted(message, asked, sender.name, now);
  const addressed = message.topic === topic && message.to === topic;
  demand(addressed, "I10 authenticity", () => `published on ${topic}, accepted for ${message.to}`);
  const of = beginMessage(o, message, asked.ttlMs, skipped);
  if (idempotency) {
    const { key, contentHash, windowMs } = idempotency;
    history.useKey(senderId, key, { contentHash, of, until: now + windowMs });
  }
  const fates: string[] = [];
  for (const [i, to] of history.subscribers(topic).entries()) {
    if (i >= o.world.pieces) yield;
    // Subscribed anew meanwhile, and had it as a retained message.
    if (of.deliveries.some((each) => each.to.id === to.id)) continue;
    const fate = fateOf(o, to, asked);
    if (fate !== "accept" && fate !== "hold") {
      fates.push(`${to.id} ${fate}`);
      continue;
    }
    const taken = accepted.find(({ recipient }) => recipient.id === to.id);
    demand(
      taken !== undefined,
      "I12 broadcast",
      () => `${to.name} is subscribed to ${topic}, and is not accounted for`,
    );
    beginDelivery(o, { id: taken.delivery.id, seq: taken.delivery.seq, of, to, held: fate === "hold" });
  }
  o.spread.set(
    of.id,
    of.deliveries.map(({ id }) => id),
  );
  const refused = skipped.map(({ agent, why }) => `${agent.id} ${why}`);
  // Told as it was accepted: a stream may have it by now.
  const kept = keptOf(of).map((each) => (each.state === "leased" ? { ...each, state: "queued" } : each));
  const accounted = isDeepStrictEqual(toldOf(answer.value), kept) && isDeepStrictEqual(refused.sort(), fates.sort());
  demand(
    accounted,
    "I12 broadcast",
    () =>
      `a publish accounts for ${accepted.length} and ${refused}; by the history ${of.deliveries.length} and ${fates}`,
  );
}

const toldOf = ({ accepted }: Published) => accepted.map(({ delivery: { id, state } }) => ({ id, state }));
const keptOf = ({ deliveries }: MessageHistory) =>
  deliveries.filter(({ pruned }) => !pruned).map(({ id, state }) => ({ id, state }));

function fateOf(o: Observer, to: AgentHistory, { senderId, bodyBytes }: MessageToPublish) {
  const action = o.history.action(to, senderId);
  if (to.id === senderId) return "sender";
  if (action === "refuse") return "refused";
  return isFull(o, to, bodyBytes) ? "inbox_full" : action;
}
