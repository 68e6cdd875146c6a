/** Claude Code: a session that stays, fed with prompts on stdin. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "./client.ts";
import { agentJoined } from "./joined.ts";
import { anthropic } from "./stubs/anthropic.ts";

/** The client of the table. */
export const claude: Client = {
  name: "claude",
  setupName: "claude-code",
  packageName: "@anthropic-ai/claude-code",
  dialect: anthropic,
  whenIdle: "at once",
  canary: true,
  async prepare({ sandbox, model }) {
    Object.assign(sandbox.env, {
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: "none",
      DISABLE_AUTOUPDATER: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      // Tools that are searched for are not in the request, and the stub does not search.
      ENABLE_TOOL_SEARCH: "false",
    });
    mkdirSync(join(sandbox.home, ".claude"), { recursive: true });
    const trusted = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
    const answered = { hasCompletedOnboarding: true, projects: { [sandbox.project]: trusted } };
    writeFileSync(join(sandbox.home, ".claude.json"), JSON.stringify(answered));
  },
  async list({ sandbox }) {
    const listed = await sandbox.run("claude", ["mcp", "list"]);
    if (!/agentmesh.*Connected/.test(listed)) throw new Error(`claude mcp list says: ${listed}`);
  },
  async start({ sandbox, broker }) {
    const stream = ["--input-format", "stream-json", "--output-format", "stream-json", "--verbose"];
    const session = sandbox.start("claude", ["-p", ...stream]);
    await agentJoined(broker);
    return {
      async prompt(text) {
        const message = { role: "user", content: [{ type: "text", text }] };
        session.write(`${JSON.stringify({ type: "user", message })}\n`);
      },
      async end() {
        session.child.stdin?.end();
        await session.over;
      },
    };
  },
};

const { list: _, ...rest } = claude;
/** The same without its inbox socket: its hooks alone bring messages. */
export const claudeByHooks: Client = {
  ...rest,
  name: "claude-hooks",
  installedAs: claude.name,
  whenIdle: "with the next prompt",
  async prepare(site) {
    await claude.prepare(site);
    Object.assign(site.sandbox.env, { AGENTMESH_PUSH: "claude-hooks" });
  },
};
