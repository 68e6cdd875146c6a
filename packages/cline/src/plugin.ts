/** The plugin's parts put together: the session of Cline that it was loaded for is one agent of the mesh. */
import {
  AgentSession,
  createLog,
  InsideCalls,
  instructions,
  type Log,
  pauseAtMost,
  resolveConfig,
  SteeredTexts,
  tools,
} from "agentmesh-mcp/session";
import { AfterModel, ClineCall, type ClineContext, ClineEvent, type ClinePlugin, textsBegunWith } from "./cline.ts";
import { steerPath } from "./steer-path.ts";

/** A session that is gone this soon only looked, and joins nothing; in milliseconds. */
const STAYS_AFTER_MS = 2_000;

const LONGEST_GOODBYE_MS = 1_000;

/** Longer than any tool waits for an answer. */
const TOOL_MS = 660_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** A session of Cline, with its agent. */
interface Open {
  readonly session: AgentSession;
  readonly texts: SteeredTexts;
}

/** Makes the plugin. No hook of it throws: a mesh that is away is no fault of Cline's. */
export function makePlugin(env: Environment): ClinePlugin & { leave(): Promise<void> } {
  const calls = new InsideCalls();
  let open: Open | undefined;
  let joining: NodeJS.Timeout | undefined;

  const ofOpen = () => {
    if (open) return open.session;
    throw new Error("This is no session of Cline.");
  };
  const leave = async () => {
    clearTimeout(joining);
    const left = open;
    open = undefined;
    if (left) await pauseAtMost(left.session.leave(), LONGEST_GOODBYE_MS);
  };

  return {
    name: "agentmesh",
    manifest: { capabilities: ["tools", "rules", "hooks"] },
    setup(api, context) {
      api.registerRule({ id: "agentmesh", content: instructions });
      for (const tool of tools) {
        api.registerTool({
          name: `agentmesh_${tool.name}`,
          description: tool.description,
          inputSchema: { type: "object", ...tool.schema() },
          timeoutMs: TOOL_MS,
          execute: (input, call) => {
            const id = ClineCall.safeParse(call).data?.toolCallId;
            // What aborts a call does not come across to this process.
            return calls.run(ofOpen(), tool, input, { id, signal: new AbortController().signal });
          },
        });
      }
      open = opened(context, env);
      if (!open) return;
      const { session } = open;
      joining = setTimeout(() => session.start(), STAYS_AFTER_MS).unref();
      // Cline ends the process so when the session is over.
      process.once("SIGTERM", () => void leave().finally(() => process.exit(0)));
    },
    hooks: {
      afterModel(event) {
        const { snapshot, finishReason } = AfterModel.safeParse(event).data ?? {};
        if (snapshot && !snapshot.parentAgentId && finishReason !== "error" && finishReason !== "aborted") {
          open?.texts.answered();
        }
        return undefined;
      },
      onEvent(event) {
        const known = ClineEvent.safeParse(event).data;
        if (known && !known.snapshot.parentAgentId) listen(known);
      },
    },
    leave,
  };

  function listen(event: ClineEvent): void {
    switch (event.type) {
      case "run-started":
        open?.texts.began();
        for (const text of textsBegunWith(event.snapshot)) open?.texts.given(text);
        open?.session.clientSession.learn({ turnOpen: true });
        break;
      case "run-finished":
      case "run-failed":
        open?.texts.rests();
        open?.session.clientSession.learn({ turnOpen: false });
        break;
      case "message-added":
      case "tool-finished":
        for (const { text, toolCallId, isError } of event.message.content) {
          if (event.message.role === "user" && text !== undefined) open?.texts.given(text);
          if (event.message.role === "tool" && toolCallId !== undefined) calls.kept(toolCallId, isError !== true);
        }
        break;
    }
  }
}

/** Undefined where Cline only looks what there is. */
function opened({ session: of, workspaceInfo, logger }: ClineContext, env: Environment): Open | undefined {
  const id = of?.sessionId;
  if (id === undefined) return undefined;
  const directory = workspaceInfo?.rootPath ?? process.cwd();
  // Not the directory of a Claude Code session in whose terminal Cline's hub was started.
  const { config, warnings } = resolveConfig({ ...env, CLAUDE_PROJECT_DIR: undefined }, directory);
  const log: Log = createLog(config.logLevel, (line, level) => {
    // Cline writes the time itself.
    const message = `agentmesh: ${line.trimEnd().split(" ").slice(1).join(" ")}`;
    if (level === "error") logger?.error(message);
    else logger?.log(message);
  });
  const session = new AgentSession({ config, log, warnings });
  const texts = new SteeredTexts();
  session.attach({
    clientName: () => "cline",
    telling: "at start",
    inside: { paths: [steerPath(id, texts)], transcript: texts },
  });
  session.clientSession.learn({ id });
  return { session, texts };
}
