/** A broker that holds so many agents and messages, as a mesh has them after a while. */
import { eachOf, upTo } from "../bus.ts";
import type { HttpConnection } from "../wire/http-connection.ts";
import { type Broker, startBroker } from "./broker.ts";
import type { Build } from "./build.ts";
import { type Agent, register, send } from "./mesh.ts";

/** Connections over which it is filled. */
const AT_ONCE = 32;
/** A word of every text, and one of a few texts. */
export const COMMON_WORD = "deployment";
export const RARE_WORD = "quokka";
const RARE_TEXTS = 5;
/** Words that texts are made of. */
const WORDS = 5_000;

/** How it was filled. */
export interface Filled {
  readonly broker: Broker;
  readonly agents: readonly Agent[];
  /** When each send was begun, counted from the first, and how long it took, in milliseconds. */
  readonly sends: readonly { readonly at: number; readonly took: number }[];
}

/** Starts and fills one; in a folder of its own, or the caller's. */
export async function storeOf(build: Build, agentCount: number, messages: number, home?: string): Promise<Filled> {
  const broker = await startBroker(build, home === undefined ? {} : { home });
  const connections = await Promise.all(upTo(AT_ONCE).map(() => broker.connect()));
  const via = (i: number): HttpConnection => {
    const connection = connections[i % AT_ONCE];
    if (!connection) throw new Error("no connection");
    return connection;
  };
  const agents = await eachOf(upTo(agentCount), AT_ONCE, (i) => register(broker, via(i), `agent-${i}`));
  const sends: { at: number; took: number }[] = [];
  const began = performance.now();
  const rareEvery = Math.max(1, Math.floor(messages / RARE_TEXTS));
  await eachOf(upTo(messages), AT_ONCE, async (i) => {
    const [from, to] = [agents[i % agentCount], agents[(i * 7 + 1 + Math.floor(i / agentCount)) % agentCount]];
    if (!from || !to) throw new Error("no agents");
    const at = performance.now();
    await send(via(i), from, to.name, textOf(i, i % rareEvery === 0 && i / rareEvery < RARE_TEXTS));
    sends.push({ at: at - began, took: performance.now() - at });
  });
  return { broker, agents, sends };
}

/** About 1 KiB of words that differ from text to text, the same in every run. */
export function textOf(number: number, rare: boolean): string {
  const words = [`${number}`, COMMON_WORD, ...(rare ? [RARE_WORD] : [])];
  let state = (number + 1) * 2_654_435_761;
  for (let length = 30; length < 1_024; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // Some words are frequent and most are rare, as in what people write.
    const word = `w${Math.floor(WORDS * (state / 2 ** 32) ** 3).toString(36)}ord`;
    words.push(word);
    length += word.length + 1;
  }
  return words.join(" ");
}
