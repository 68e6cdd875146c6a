/** OpenCode: its server, driven over HTTP. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "testkit";
import * as z from "zod";
import type { Client, ClientSession, Site } from "./client.ts";
import { openAiChat } from "./stubs/openai-chat.ts";

const env = {
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  OPENCODE_DISABLE_MODELS_FETCH: "1",
};

/** Where its model is, in the words of its configuration, which Kilo has too. */
export function providerOf({ model }: Pick<Site, "model">): object {
  const stub = { name: "stub", tool_call: true, limit: { context: 100_000, output: 4_000 } };
  const provider = {
    npm: "@ai-sdk/openai-compatible",
    name: "stub",
    options: { baseURL: `${model.url}/v1`, apiKey: "none" },
    models: { stub },
  };
  return { model: "stub/stub", small_model: "stub/stub", provider: { stub: provider } };
}

/** A server with a session in it, and how it is called. */
export interface Served {
  readonly session: ClientSession;
  readonly url: string;
  readonly directory: string;
  call(path: string, body: object): Promise<Response>;
}

/** Starts its server, and a session in it. */
export async function serve({ sandbox }: Site): Promise<Served> {
  const server = sandbox.start("opencode", ["serve", "--port", "0", "--hostname", "127.0.0.1"], env);
  const url = await until(
    () => /listening on (http:\S+)/.exec(server.output())?.[1],
    "opencode serve to listen",
    90_000,
  );
  const call = async (path: string, body: object) => {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-opencode-directory": sandbox.project },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`opencode answered ${response.status}: ${await response.text()}`);
    return response;
  };
  const { id } = z.object({ id: z.string() }).parse(await (await call("/session", { title: "a test" })).json());
  const session: ClientSession = {
    async prompt(text) {
      await call(`/session/${id}/prompt_async`, { parts: [{ type: "text", text }] });
    },
    async end() {
      server.child.kill("SIGINT");
      await server.over;
    },
  };
  return { session, url, directory: sandbox.project, call };
}

/** The client of the table. */
export const opencode: Client = {
  name: "opencode",
  setupName: "opencode",
  packageName: "opencode-ai",
  dialect: openAiChat,
  whenIdle: "at once",
  async prepare(site) {
    writeFileSync(join(site.sandbox.project, "opencode.json"), JSON.stringify(providerOf(site)));
  },
  start: async (site) => (await serve(site)).session,
};
