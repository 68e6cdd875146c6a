/** The plugin's parts put together: one agent of the mesh per session of OpenCode. */
import { AgentSession, createLog, instructions, pauseAtMost, resolveConfig } from "agentmesh-mcp/session";
import { disableAdapters } from "./adapter-entries.ts";
import { hostOf } from "./host.ts";
import { MeshTools } from "./mesh-tools.ts";
import { OpenCodeEvent, type OpenCodeHooks, type OpenCodeInput } from "./opencode.ts";
import { promptPath } from "./prompt-path.ts";
import { SessionAgents } from "./session-agents.ts";
import { SessionSigns } from "./session-signs.ts";
import { standAside } from "./stand-aside.ts";

/** An OpenCode that is gone this soon only looked, and joins nothing; in milliseconds. */
const STAYS_AFTER_MS = 2_000;

const LONGEST_GOODBYE_MS = 1_500;

/** What a copy of the plugin does that stands aside. */
const NOTHING: OpenCodeHooks = {
  async config() {},
  async event() {},
  tool: {},
  async "experimental.chat.system.transform"() {},
  async dispose() {},
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts the plugin. Never throws, and no hook of it does: a mesh that is away is no fault of OpenCode's. */
export async function startPlugin(input: OpenCodeInput, env: Environment): Promise<OpenCodeHooks> {
  const { client, directory } = input;
  const host = hostOf(env);
  // Not the directory of a Claude Code session in whose terminal OpenCode was started.
  const { config, warnings } = resolveConfig({ ...env, CLAUDE_PROJECT_DIR: undefined }, directory);
  const log = createLog(config.logLevel, (line, level) => {
    // OpenCode writes time and level itself, and not the service.
    const message = `agentmesh: ${line.trimEnd().split(" ").slice(2).join(" ")}`;
    client.app.log({ body: { service: "agentmesh", level, message } }).catch(() => undefined);
  });

  const place = standAside(directory);
  if (place === undefined) {
    log.warn("plugin.twice", { directory, why: "another copy of the plugin is loaded, and has its sessions" });
    return { ...NOTHING };
  }

  const signs = new SessionSigns();
  const agents = new SessionAgents((open) => {
    const session = new AgentSession({ config, log, warnings });
    session.attach({
      clientName: () => host,
      telling: "later",
      inside: { paths: [promptPath(client, open)], transcript: signs },
    });
    return session;
  });
  const tools = new MeshTools(agents);
  const joining = setTimeout(() => agents.begin(), STAYS_AFTER_MS).unref();

  const listen = (event: OpenCodeEvent) => {
    switch (event.type) {
      case "session.created":
      case "session.updated":
        agents.described(event.properties.info);
        break;
      case "session.deleted":
        void agents.deleted(event.properties.info.id);
        break;
      case "session.status": {
        const { sessionID, status } = event.properties;
        const known = agents.known(sessionID);
        known?.open.status(sessionID, status.type !== "idle");
        known?.session.clientSession.learn({ turnOpen: known.open.busy, dialog: known.open.dialog });
        break;
      }
      case "permission.asked":
      case "question.asked": {
        const { id, sessionID } = event.properties;
        const known = agents.known(sessionID);
        known?.open.asked(id, sessionID, event.type === "permission.asked" ? "permission" : "question");
        known?.session.clientSession.learn({ dialog: known.open.dialog });
        break;
      }
      case "permission.replied":
      case "question.replied":
      case "question.rejected": {
        const known = agents.known(event.properties.sessionID);
        known?.open.answered(event.properties.requestID);
        known?.session.clientSession.learn({ dialog: known.open.dialog });
        break;
      }
      case "message.updated": {
        const { info } = event.properties;
        if (info.role === "assistant") signs.answered(info);
        else {
          signs.prompted(info.id);
          const { open, session } = agents.of(info.sessionID);
          // A sub-agent's prompts say nothing of how the user works.
          if (open.id !== info.sessionID || !open.prompted(info)) break;
          session.clientSession.learn({});
          session.resumePush();
        }
        break;
      }
      case "message.part.updated": {
        const { part } = event.properties;
        if (part.text !== undefined) signs.text(part, part.text);
        const status = part.state?.status;
        if (part.callID !== undefined && (status === "completed" || status === "error")) {
          tools.kept(part.callID, status === "completed");
        }
        break;
      }
    }
  };

  return {
    async config(loaded) {
      const disabled = disableAdapters(loaded.mcp ?? {});
      if (disabled.length > 0)
        log.warn("adapter.disabled", { mcp: disabled.join(", "), why: "the plugin has its tools" });
    },
    async event({ event }) {
      const known = OpenCodeEvent.safeParse(event).data;
      if (known) listen(known);
    },
    tool: tools.all(),
    async "experimental.chat.system.transform"(_, output) {
      // One text with what stands there: some models take one system message only.
      const before = output.system.pop();
      output.system.push(before === undefined ? instructions : `${before}\n\n${instructions}`);
    },
    async dispose() {
      clearTimeout(joining);
      place.leave();
      await pauseAtMost(agents.leave(), LONGEST_GOODBYE_MS);
    },
  };
}
