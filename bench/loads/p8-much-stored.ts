/** P8: what is asked of a broker that holds much, beside one that holds little. */
import { BUILDS, type Figures, type Load, percentile } from "../load.ts";
import { register, send } from "../ours/mesh.ts";
import { COMMON_WORD, type Filled, RARE_WORD, storeOf, textOf } from "../ours/store-of.ts";
import type { Request } from "../wire/http-connection.ts";

const LITTLE = { smoke: [200, 20], usual: [1_000, 100], whole: [1_000, 100] } as const;
const MUCH = { smoke: [600, 60], usual: [20_000, 1_000], whole: [1_000_000, 10_000] } as const;
const ASKED = { smoke: 5, usual: 50, whole: 200 } as const;
const READS = {
  list: "/v1/agents?limit=100",
  page: "/v1/messages?limit=25",
  rare: `/v1/messages?limit=25&query=${RARE_WORD}`,
  common: `/v1/messages?limit=25&query=${COMMON_WORD}`,
} as const;
const KINDS = ["send", "list", "page", "rare", "common"] as const;
type Kind = (typeof KINDS)[number];
const WHAT: Record<Kind, string> = {
  send: "a send",
  list: "100 agents",
  page: "a page of history",
  rare: "search of a rare word",
  common: "search of a word in every text",
};

/** The load. */
export const muchStored: Load = {
  id: "P8",
  title: "Sends and reads beside much that is stored",
  how: (size) => {
    const [[little, few], [much, many]] = [LITTLE[size], MUCH[size]];
    return `A broker with ${much.toLocaleString("en-US")} messages and ${many.toLocaleString("en-US")} agents, and one with ${little.toLocaleString("en-US")} and ${few}, asked in turn, ${ASKED[size]} times each a round, one at a time; p50. Messages of 1 KiB, made of words, sent over 32 connections: the rate and the p99 of the last tenth of them beside the first.`;
  },
  figures: [
    ...KINDS.map(
      (kind) => ({ key: `${kind}Times`, what: `${WHAT[kind]}, much ÷ little`, unit: "×", better: "less" }) as const,
    ),
    ...KINDS.map((kind) => ({ key: kind, what: WHAT[kind], unit: "ms", better: "less" }) as const),
    { key: "fillRate", what: "filling, last tenth ÷ first, rate", unit: "×", better: "more" },
    { key: "fill99", what: "filling, last tenth ÷ first, p99", unit: "×", better: "less" },
    { key: "filled", what: "filling", unit: "per s", better: "more" },
  ],
  goals: [
    ...(["send", "list", "page", "rare"] as const).map((kind) => ({ figure: `${kind}Times`, most: 2 })),
    { figure: "rare", most: 20 },
    { figure: "common", most: 20 },
  ],
  sides: BUILDS,
  together: true,
  warmUps: 1,
  async open({ build }, size) {
    if (!build) throw new Error("only ours keeps a history");
    const little = await prepare(await storeOf(build, LITTLE[size][1], LITTLE[size][0]));
    const much = await prepare(await storeOf(build, MUCH[size][1], MUCH[size][0]));
    const filled = tenths(much.filled.sends);
    return {
      async round() {
        const figures: Record<string, number> = { ...filled };
        for (const kind of KINDS) {
          const times: [number[], number[]] = [[], []];
          for (let i = 0; i < ASKED[size]; i++) {
            times[0].push(await little.took(kind));
            times[1].push(await much.took(kind));
          }
          const [few, many] = [percentile(times[0], 0.5), percentile(times[1], 0.5)];
          figures[kind] = many;
          figures[`${kind}Times`] = many / few;
        }
        return figures;
      },
      async [Symbol.asyncDispose]() {
        await little.filled.broker[Symbol.asyncDispose]();
        await much.filled.broker[Symbol.asyncDispose]();
      },
    };
  },
};

/** A filled broker that can be asked one thing. */
async function prepare(filled: Filled) {
  const { broker, agents } = filled;
  const connection = await broker.connect();
  const asker = await register(broker, connection, "asker");
  let sent = 0;
  const read = (path: string): Request => ({ method: "GET", path, token: broker.key });
  return {
    filled,
    /** How long one of them takes now, in milliseconds. */
    async took(kind: Kind): Promise<number> {
      const began = performance.now();
      if (kind !== "send") await connection.must(read(READS[kind]));
      else await send(connection, asker, agents[++sent % agents.length]?.name ?? "", textOf(sent, false));
      return performance.now() - began;
    },
  };
}

/** The last tenth of what was sent beside the first. */
function tenths(sends: Filled["sends"]): Figures {
  const inOrder = sends.toSorted((a, b) => a.at - b.at);
  const tenth = Math.max(2, Math.floor(inOrder.length / 10));
  const [first, last] = [inOrder.slice(0, tenth), inOrder.slice(-tenth)];
  const tookMs = (part: Filled["sends"]) => (part.at(-1)?.at ?? 0) - (part[0]?.at ?? 0);
  const p99 = (part: Filled["sends"]) =>
    percentile(
      part.map(({ took }) => took),
      0.99,
    );
  return {
    fillRate: tookMs(first) / tookMs(last),
    fill99: p99(last) / p99(first),
    filled: inOrder.length / (tookMs(inOrder) / 1_000),
  };
}
