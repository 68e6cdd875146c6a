/** The program behind `pnpm test:clients [--only a,b] [--keep] [--help]`: the real clients, offline, against stub models. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startTestBroker } from "testkit";
import { claude, claudeByHooks } from "./claude.ts";
import type { Client } from "./client.ts";
import { cline } from "./cline.ts";
import { codex } from "./codex.ts";
import { configureBy } from "./configure.ts";
import { continueCli } from "./continue.ts";
import { copilot, copilotByHooks } from "./copilot.ts";
import { dialogs } from "./dialogs.ts";
import { gemini } from "./gemini.ts";
import { identityConversations } from "./identity/conversations.ts";
import { identityHooks } from "./identity/hooks.ts";
import { inspector } from "./inspector.ts";
import { Installs } from "./installs.ts";
import { kilo } from "./kilo.ts";
import { mcpHttp } from "./mcp-http.ts";
import { openclaw } from "./openclaw.ts";
import { opencode } from "./opencode.ts";
import { pi } from "./pi.ts";
import { prove } from "./prove.ts";
import { qwen, qwenByHooks } from "./qwen.ts";
import { Sandbox } from "./sandbox.ts";
import type { Proof } from "./steps.ts";
import { serveDenyProxy } from "./stubs/deny-proxy.ts";
import { serveModel } from "./stubs/stub-server.ts";
import { table } from "./table.ts";

const CLIENTS: readonly Client[] = [
  ...[claude, claudeByHooks, codex, opencode, kilo, pi, cline, openclaw, gemini],
  ...[copilot, copilotByHooks, qwen, qwenByHooks, continueCli],
  ...[...identityConversations, identityHooks],
  ...dialogs,
  ...[...mcpHttp, inspector],
];
const CLIENT_WITHIN_MS = 240_000;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const wanted = values.only?.split(",");
/** A word names a row, or all rows whose names begin with it: `identity` is a family of them. */
const isNamed = (client: Client, word: string) => client.name === word || client.name.startsWith(`${word}-`);
const unknown = wanted?.filter((word) => !CLIENTS.some((client) => isNamed(client, word))) ?? [];
const HELP = `pnpm test:clients [--only NAME,NAME] [--keep]

Tries the real programs against models that are stubs, in homes of their own: each is installed from npm (or taken from
AGENTMESH_CLIENTS_DIR/NAME, where an earlier run has left it), given the mesh, and sent messages.

  --only NAME,NAME   those alone; "http" or "identity" is every row that begins so
  --keep             keep what they logged, and what their models were shown (model.jsonl)

One of them, in a minute or two, kept for the next run:
  AGENTMESH_CLIENTS_DIR=~/clients npx -y pnpm@12 test:clients --only http-opencode --keep

${CLIENTS.map(({ name, packageName }) => `  ${name.padEnd(22)} ${packageName}`).join("\n")}`;
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no ${unknown.join(", ")}.\n`);
  console[values.help ? "log" : "error"](HELP);
  process.exit(values.help ? 0 : 2);
}
process.exit(await run());

/** Everything about one client. */
interface Outcome {
  readonly client: string;
  readonly version: string;
  readonly proofs: readonly Proof[];
  readonly seconds: number;
  /** Hosts it tried to reach, and was refused. */
  readonly refused: readonly string[];
}

async function run(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "agentmesh-clients-"));
  const installs = new Installs(process.env.AGENTMESH_CLIENTS_DIR || join(folder, "installs"));
  const outcomes: Outcome[] = [];
  for (const client of CLIENTS) {
    if (wanted && !wanted.some((word) => isNamed(client, word))) continue;
    const missing = client.missing?.();
    if (missing !== undefined) console.log(`${client.name}: left out, ${missing}`);
    else outcomes.push(await tried(client, installs, join(folder, client.name)));
  }
  console.log(`\n${table(outcomes)}`);
  if (values.keep) console.log(`\nkept: ${folder}`);
  else await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  return outcomes.every(({ proofs }) => proofs.length > 0 && proofs.every(({ ok }) => ok)) ? 0 : 1;
}

async function tried(client: Client, installs: Installs, path: string): Promise<Outcome> {
  const began = performance.now();
  const proofs: Proof[] = [];
  const tell = (proof: Proof) => {
    proofs.push(proof);
    const time = proof.shownMs === undefined ? "" : ` shown after ${proof.shownMs} ms,`;
    console.log(`${client.name.padEnd(9)} ${proof.ok ? "ok    " : "FAILED"} ${proof.step}:${time} ${proof.detail}`);
  };
  let version = "?";
  await using proxy = await serveDenyProxy();
  try {
    const program = await installs.program(client.installedAs ?? client.name, client.packageName, client.version);
    version = program.version;
    await using model = await serveModel(client.dialect);
    await using broker = await startTestBroker();
    await using sandbox = new Sandbox({ path, broker, proxy, bins: [program.bin] }, `${client.name}-project`);
    const site = { sandbox, broker, model };
    const tooLong = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`not done within ${CLIENT_WITHIN_MS / 1_000} s`)), CLIENT_WITHIN_MS).unref();
    });
    try {
      await Promise.race([
        (client.prove?.bind(client) ?? prove.bind(undefined, client))(site, () => configureBy(client, site), tell),
        tooLong,
      ]);
    } finally {
      const lines = model.requests.map((request) => JSON.stringify(request));
      if (existsSync(sandbox.logs)) await writeFile(join(sandbox.logs, "model.jsonl"), lines.join("\n"));
    }
  } catch (error) {
    tell({ step: "runs", ok: false, detail: error instanceof Error ? error.message : String(error) });
  }
  const seconds = Math.round((performance.now() - began) / 1_000);
  return { client: client.name, version, proofs, seconds, refused: [...proxy.refused] };
}
