/** A session that asks its user for permission, in the real clients: what senders are told, and that it is over with the answer. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import * as z from "zod";
import { claude } from "./claude.ts";
import type { Client, Site } from "./client.ts";
import { gemini } from "./gemini.ts";
import { agentJoined } from "./joined.ts";
import { opencode, providerOf, serve } from "./opencode.ts";
import { qwen } from "./qwen.ts";
import { Steps } from "./steps.ts";
import { Terminal, terminalMissing } from "./terminal.ts";

/** Claude Code tells of a dialog that has stood for six seconds. */
const TOLD_WITHIN_MS = 30_000;
const OVER_WITHIN_MS = 15_000;

/** A session whose model can be made to want a tool that asks. */
interface Asking {
  prompt(text: string): Promise<void>;
  /** The user lets the tool be used. */
  allow(): Promise<void>;
  /** The user does not, and stops the model with it. */
  stop(): Promise<void>;
  end(): Promise<void>;
}

interface Kind {
  readonly client: Client;
  /** The end of the name of its tool that runs a command. */
  readonly tool: string;
  open(site: Site): Promise<Asking>;
}

function row({ client, tool, open }: Kind): Client {
  const { list: _, ...rest } = client;
  return {
    ...rest,
    name: `dialogs-${client.name}`,
    installedAs: client.name,
    missing: terminalMissing,
    async prove(site, configure, tell) {
      const { broker } = site;
      const steps = new Steps(tell);
      const person = await broker.agent("person");
      let asking: Asking | undefined;
      let name = "";
      const stands = async () => (await person.client.getAgent({ agent: name })).dialog?.about;
      const asks = async (file: string) => {
        // What is said to a model at work is said in its turn, which is another one than the stub's script knows.
        const { model } = site;
        await until(() => model.pending === 0 && performance.now() - model.quietSince > 1_000, "the turn to be over");
        const began = performance.now();
        await asking?.prompt(`CALL:${tool} {"command":"touch ${file}","description":"${file}"}`);
        await until(async () => (await stands()) === "permission", "the permission prompt to be told", TOLD_WITHIN_MS);
        return `told ${Math.round(performance.now() - began)} ms after the prompt`;
      };
      const over = async () => {
        const began = performance.now();
        await until(async () => (await stands()) === undefined, "the dialog to be over", OVER_WITHIN_MS);
        return `over ${Math.round(performance.now() - began)} ms after the key`;
      };
      await steps.step("configured", async () => {
        await client.prepare(site);
        return configure();
      });
      await steps.step("stands", async () => {
        asking = await open(site);
        await asking.prompt('CALL:send_message {"to":"person","message":"hello"}');
        name = await until(
          async () => (await person.client.lease({ waitMs: 1_000 })).deliveries[0]?.message.from.name,
          "its message",
          TOLD_WITHIN_MS,
        );
        const told = await asks("one");
        const { deliveries } = await person.client.send({ to: name, body: "are you there?", urgency: "fyi" });
        const warning = deliveries[0]?.warnings.find(({ code }) => code === "recipient_at_dialog");
        if (!warning) throw new Error("a sender is not warned");
        return `${told}; ${warning.detail}`;
      });
      await steps.step("allowed", async () => {
        await asking?.allow();
        return over();
      });
      await steps.step("stopped", async () => {
        const told = await asks("two");
        await asking?.stop();
        return `${told}, ${await over()}`;
      });
      await steps.step("leaves", async () => {
        await asking?.end();
        return "its session has ended";
      });
    },
  };
}

/** A program in a terminal, which is allowed by Enter and stopped by Escape. */
async function inTerminal(site: Site, command: readonly string[], ready: RegExp): Promise<Asking> {
  const terminal = await Terminal.open(site.sandbox, command);
  await terminal.shows(ready, 90_000);
  await agentJoined(site.broker);
  return {
    prompt: (text) => terminal.line(text),
    allow: () => terminal.key("Enter"),
    stop: () => terminal.key("Escape"),
    end: () => terminal.close(),
  };
}

/** Claude Code's terminal program asks about a key of the environment, a theme and more when it is started first. */
function answerFirstQuestions({ sandbox }: Site): void {
  const path = join(sandbox.home, ".claude.json");
  const known = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, "utf8")));
  const answered = { theme: "dark", customApiKeyResponses: { approved: ["none"], rejected: [] } };
  writeFileSync(path, JSON.stringify({ ...known, ...answered }));
}

async function openOpenCode(site: Site): Promise<Asking> {
  const { session, call, url, directory } = await serve(site);
  await agentJoined(site.broker);
  const answer = async (reply: "once" | "reject") => {
    const asked = await fetch(`${url}/permission`, { headers: { "x-opencode-directory": directory } });
    const [request] = z.array(z.object({ id: z.string() })).parse(await asked.json());
    await call(`/permission/${request?.id}/reply`, { reply });
  };
  return {
    prompt: session.prompt,
    allow: () => answer("once"),
    stop: () => answer("reject"),
    end: session.end,
  };
}

/** The rows of the table. */
export const dialogs: readonly Client[] = [
  row({
    client: claude,
    tool: "Bash",
    async open(site) {
      answerFirstQuestions(site);
      // Of itself it begins in auto mode, where it asks nobody.
      return inTerminal(site, ["claude", "--permission-mode", "default"], /\? for shortcuts/);
    },
  }),
  row({ client: qwen, tool: "run_shell_command", open: (site) => inTerminal(site, ["qwen"], /Type your message/) }),
  row({ client: gemini, tool: "run_shell_command", open: (site) => inTerminal(site, ["gemini"], /Type your message/) }),
  row({
    client: {
      ...opencode,
      async prepare(site) {
        const settings = { ...providerOf(site), permission: { bash: "ask" } };
        writeFileSync(join(site.sandbox.project, "opencode.json"), JSON.stringify(settings));
      },
    },
    tool: "bash",
    open: openOpenCode,
  }),
];
