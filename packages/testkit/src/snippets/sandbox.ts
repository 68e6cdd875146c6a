/** Where the shell blocks of the pages run: a home of their own, a real broker, and the commands as on a user's PATH. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cleanEnv } from "../programs.ts";
import { commandsOnPath } from "../shell/commands-on-path.ts";
import { startTestBroker, type TestBroker } from "../start-test-broker.ts";
import { openWebhookReceiver } from "../webhooks/webhook-receiver.ts";

/** A block's end is waited for this long, in milliseconds. */
const ENDS_WITHIN_MS = 60_000;

/** What a block printed, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A place to run blocks in; the blocks of one place see what those before them have done. */
export interface Sandbox extends AsyncDisposable {
  readonly broker: TestBroker;
  readonly home: string;
  run(text: string): Promise<Ran>;
}

/** Opens one, with the agents bob, my-agent, claw and hermes, a message to bob, and receivers for webhooks. */
export async function openSandbox(): Promise<Sandbox> {
  const broker = await startTestBroker();
  const receiver = await openWebhookReceiver(200);
  const home = join(broker.home, "home");
  const path = commandsOnPath(join(home, "bin"));
  for (const name of ["claw", "hermes"]) await broker.agent(name);
  const bob = await broker.agent("bob");
  await bob.client.setWebhook({ agent: "me", url: `http://127.0.0.1:${receiver.port}/bob` });
  const writer = await broker.agent("my-agent");
  const { messageId } = await writer.client.send({ to: "bob", body: "hello" });
  // A broker in the background has its log there.
  writeFileSync(join(broker.home, "broker.log"), broker.log(), { mode: 0o600 });
  writeFileSync(join(home, "claw-hooks-token"), "a-token-of-the-gateway\n", { mode: 0o600 });
  writeFileSync(join(home, "route-secret"), "a-secret-as-hermes-makes-them\n", { mode: 0o600 });

  const asHere = (text: string): string =>
    text
      .replaceAll("http://127.0.0.1:7899", broker.url)
      .replaceAll(/127\.0\.0\.1:(8080|8644|18789)\b/g, `127.0.0.1:${receiver.port}`)
      .replaceAll("~/.agentmesh", broker.home)
      .replaceAll("msg_…", messageId)
      .replaceAll(/\bNAME\b/g, "bob");

  return {
    broker,
    home,
    async run(text) {
      const env = cleanEnv({ HOME: home, AGENTMESH_HOME: broker.home, PATH: path });
      try {
        const { stdout, stderr } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", asHere(text)], {
          cwd: home,
          env,
          timeout: ENDS_WITHIN_MS,
        });
        return { code: 0, out: stdout, err: stderr };
      } catch (error) {
        if (!(error instanceof Error && "stdout" in error && "stderr" in error && "code" in error)) throw error;
        return { code: Number(error.code ?? -1), out: String(error.stdout), err: String(error.stderr) };
      }
    },
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}
