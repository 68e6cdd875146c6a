/** What stands behind `pnpm bench`. */
import { parseArgs } from "node:util";
import type { Size } from "./load.ts";

/** Told by `--help`. */
export const HELP = `pnpm bench: how fast agentmesh is, beside what people would use instead. Linux; loopback only; folders of its own.

  --only P1,P3     these loads alone; without it all but P9 (P1–P9, and M: memory of five sessions)
  --peers          also redis-server and nats-server, where they are installed (Debian packages of these names)
  --postgres       P1 and P2 also over one Postgres 18 that comes with the tests: ours, pg-boss and graphile-worker
  --against DIR    also another build of ours: a checkout in which pnpm build was run
  --rounds N       rounds of each side, in turn (3)
  --whole          the whole sizes: a million messages in P8 and P9, longer windows; hours
  --smoke          the smallest sizes, one round: whether it works, no figures to quote
  --json FILE      keeps the result there, in place of what there was
  --add            with --json: beside what there is; loads of this run take the place of the same ones
  --check          compares ratios with bench/results/latest.json, and fails where a quarter or more is lost
  --page [FILE]    runs nothing: makes docs/benchmarks.md and its charts from bench/results/latest.json, or from FILE
  --help
`;

/** What a person asked for. */
export interface Options {
  readonly only: readonly string[] | undefined;
  readonly peers: boolean;
  readonly postgres: boolean;
  readonly against: string | undefined;
  readonly rounds: number;
  readonly size: Size;
  readonly json: string | undefined;
  readonly add: boolean;
  readonly check: boolean;
  readonly page: string | undefined;
  readonly help: boolean;
}

/** Reads them. @throws with a sentence when they are wrong */
export function readOptions(args: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string" },
      peers: { type: "boolean", default: false },
      postgres: { type: "boolean", default: false },
      against: { type: "string" },
      rounds: { type: "string" },
      whole: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      json: { type: "string" },
      add: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      page: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [file, ...more] = positionals;
  if (more.length > 0 || (file !== undefined && !values.page)) throw new Error(`what is "${positionals.join(" ")}"?`);
  if (values.whole && values.smoke) throw new Error("--whole and --smoke are opposites: name one");
  if (values.add && values.json === undefined) throw new Error("--add needs --json FILE: to what shall it be added?");
  const only = values.only?.split(",").map((id) => id.trim().toUpperCase());
  const unknown = only?.filter((id) => !known.includes(id)) ?? [];
  if (unknown.length > 0) throw new Error(`no load ${unknown.join(", ")}: there are ${known.join(", ")}`);
  const rounds = Number(values.rounds ?? (values.smoke ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new Error("--rounds takes a number from 1 to 100");
  return {
    only,
    peers: values.peers,
    postgres: values.postgres,
    against: values.against,
    rounds,
    size: values.whole ? "whole" : values.smoke ? "smoke" : "usual",
    json: values.json,
    add: values.add,
    check: values.check,
    page: values.page ? (file ?? "") : undefined,
    help: values.help,
  };
}

/** The command that makes the same run; where the other build lies is everybody's own matter. */
export function commandOf({ only, peers, postgres, against, rounds, size }: Options): string {
  const words = [
    only ? `--only ${only.join(",")}` : "",
    peers ? "--peers" : "",
    postgres ? "--postgres" : "",
    against === undefined ? "" : "--against DIR",
    size === "usual" ? "" : `--${size}`,
    `--rounds ${rounds}`,
  ];
  return ["npx -y pnpm@12 bench", ...words.filter((word) => word !== "")].join(" ");
}
