/** A session that asks its user for permission, in the real clients: what senders are told, and that it is over with the answer. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import * as z from "zod";
import { claude } from "./claude.ts";
import type { Client, Site } from "./client.ts";
import { codex, openCodex } from "./codex.ts";
import { copilot } from "./copilot.ts";
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
  /** What the tool is given, where it is not the command and its description. */
  readonly input?: (command: string) => object;
  open(site: Site): Promise<Asking>;
}

function row({ client, tool, input = (command) => ({ command, description: "a file" }), open }: Kind): Client {
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
        await asking?.prompt(`CALL:${tool} ${JSON.stringify(input(`touch ${file}`))}`);
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
        const { requests } = site.model;
        const before = requests.length;
        await asking?.allow();
        const said = await over();
        // While the tool runs its model is quiet, and the turn is not over: a prompt would go into it.
        await until(() => requests.length > before, "the model to be told what came of it", OVER_WITHIN_MS);
        return said;
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

/** What a program shows when it can be typed into, and when it asks. */
interface Screens {
  readonly ready: RegExp;
  readonly dialog: RegExp;
}

/** A program in a terminal, which is allowed by Enter and stopped by Escape. */
async function inTerminal(site: Site, command: readonly string[], shows: Screens): Promise<Asking> {
  const terminal = await Terminal.open(site.sandbox, command);
  await terminal.shows(shows.ready, 90_000);
  await agentJoined(site.broker);
  return asked(terminal, shows.dialog);
}

function asked(terminal: Terminal, dialog: RegExp): Asking {
  // It is told of before it is drawn, and a key that is pressed too early is lost.
  const press = async (key: string) => {
    await terminal.shows(dialog);
    await terminal.key(key);
  };
  return {
    prompt: (text) => terminal.line(text),
    allow: () => press("Enter"),
    stop: () => press("Escape"),
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

/** Of Gemini CLI, and of what was made of it. */
const OF_GEMINI = { ready: /Type your message/, dialog: /[Aa]llow once/ };

/** The rows of the table. */
export const dialogs: readonly Client[] = [
  row({
    client: claude,
    tool: "Bash",
    async open(site) {
      answerFirstQuestions(site);
      // Of itself it begins in auto mode, where it asks nobody.
      const shows = { ready: /\? for shortcuts/, dialog: /Do you want to/ };
      return inTerminal(site, ["claude", "--permission-mode", "default"], shows);
    },
  }),
  row({ client: qwen, tool: "run_shell_command", open: (site) => inTerminal(site, ["qwen"], OF_GEMINI) }),
  row({ client: gemini, tool: "run_shell_command", open: (site) => inTerminal(site, ["gemini"], OF_GEMINI) }),
  row({
    client: codex,
    tool: "exec_command",
    input: (cmd) => ({ cmd, sandbox_permissions: "require_escalated", justification: "a file" }),
    async open(site) {
      const terminal = await openCodex(site, ["--ask-for-approval", "on-request", "--sandbox", "read-only"]);
      await agentJoined(site.broker);
      return asked(terminal, /Would you like to run/);
    },
  }),
  row({
    client: copilot,
    tool: "bash",
    open: (site) =>
      inTerminal(site, ["copilot", "--allow-tool=agentmesh"], { ready: /\/ commands/, dialog: /Do you want to/ }),
  }),
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
