/** What is done to a need from `top`: what the page's buttons and the commands do, said in a line. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { askingAgainText, type Need, type NeedAct, pingText, plainLine } from "@agentmesh/protocol";
import type { Acting } from "../context.ts";
import type { Asking } from "./state.ts";

/** After this a ping is given to nobody any more. */
const PING_LIFE_MS = 70_000;

/** Who does it: what is sent is sent as the agent that the command line acts as. */
export interface Actor {
  readonly admin: MeshClient;
  readonly acting: () => Promise<Acting>;
}

/** Does something at once, or says what is asked first. */
export function begin(act: NeedAct, need: Need, actor: Actor): Asking | Promise<string> {
  const { agent, from, messageId, deliveries = [], count = deliveries.length } = need;
  const [name, sender] = [plainLine(agent?.name ?? ""), plainLine(from?.name ?? "")];
  const { admin } = actor;
  const letters = count > deliveries.length ? `${deliveries.length} of ${count} dead letters` : many(deliveries.length);
  switch (act) {
    case "answer":
      return { kind: "text", label: `Answer to ${sender}`, text: "", done: (text) => answer(actor, messageId, text) };
    case "refuse":
      return {
        kind: "sure",
        label: `Refuse 1 message of ${sender} to ${name}?`,
        done: () => each(deliveries, (delivery) => admin.refuse({ delivery }), "refused"),
      };
    case "dismiss":
      return {
        kind: "sure",
        label: `Dismiss ${letters} to ${name}?`,
        done: () => each(deliveries, (delivery) => admin.dismiss({ delivery }), "dismissed"),
      };
    case "admit":
      return each(deliveries, (delivery) => admin.admit({ delivery }), "admitted");
    case "redrive":
      return each(deliveries, (delivery) => admin.redrive({ delivery }), "redriven");
    case "ask_again":
      return say(actor, agent?.id, askingAgainText(from?.name ?? "", messageId ?? ""), `${name} was asked again.`);
    case "waive":
      return {
        kind: "sure",
        label: `Have ${name} owe ${sender} no answer any more?`,
        done: () => waive(admin, messageId, name),
      };
    case "ping":
      return ping(actor, agent?.id, name);
    case "test_webhook":
      return test(admin, agent?.id, name);
    default:
      return Promise.resolve("");
  }
}

const many = (n: number) => (n === 1 ? "1 dead letter" : `${n} dead letters`);

async function answer({ acting }: Actor, inReplyTo: Need["messageId"], body: string): Promise<string> {
  const { client, by } = await acting();
  if (inReplyTo === undefined) return "There is nothing to answer.";
  await client.send({ inReplyTo, body, ...by });
  return "Answered.";
}

async function say({ acting }: Actor, to: string | undefined, body: string, done: string): Promise<string> {
  const { client, by } = await acting();
  if (to !== undefined) await client.send({ to, body, ...by });
  return done;
}

async function waive(admin: MeshClient, message: Need["messageId"], name: string): Promise<string> {
  if (message !== undefined) await admin.waive({ message });
  return `${name} owes no answer any more.`;
}

async function ping({ acting }: Actor, to: string | undefined, name: string): Promise<string> {
  const { client, agent, by } = await acting();
  if (to === undefined) return "";
  const { messageId } = await client.send({ to, body: pingText(agent.name), ttlMs: PING_LIFE_MS, ...by });
  return `${name} is pinged; how far it comes: agentmesh trace ${messageId}`;
}

async function test(admin: MeshClient, agent: string | undefined, name: string): Promise<string> {
  if (agent === undefined) return "";
  const { taken, why } = await admin.testWebhook({ agent });
  return taken ? `The webhook of ${name} took it.` : `It was not taken: ${plainLine(why ?? "no reason was given")}`;
}

/** One after the other; where one is refused it says how many went before. */
async function each<T>(ids: readonly T[], one: (id: T) => Promise<unknown>, done: string): Promise<string> {
  for (const [n, id] of ids.entries()) {
    try {
      await one(id);
    } catch (error) {
      if (n === 0 || !(error instanceof MeshApiError)) throw error;
      return `${n} of ${ids.length} ${done}. Then: ${error.message}`;
    }
  }
  return `${ids.length} ${done}.`;
}
