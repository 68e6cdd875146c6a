/** The extension's parts put together: the session that Pi has open is one agent of the mesh. */
import {
  AgentSession,
  createLog,
  InsideCalls,
  instructions,
  pauseAtMost,
  resolveConfig,
  SteeredTexts,
} from "agentmesh-mcp/session";
import { logFile, writeLine } from "./log-file.ts";
import { meshTools } from "./mesh-tools.ts";
import { AgentSettled, MessageEnd, type PiContext, type PiExtensionApi } from "./pi.ts";
import { MESSAGE_KIND, steerPath } from "./steer-path.ts";

/** A Pi that is gone this soon only looked, and joins nothing; in milliseconds. */
const STAYS_AFTER_MS = 2_000;

const LONGEST_GOODBYE_MS = 1_500;

type Environment = Readonly<Record<string, string | undefined>>;

/** An open session of Pi, with its agent. */
interface Open {
  readonly session: AgentSession;
  readonly texts: SteeredTexts;
  readonly joining: NodeJS.Timeout;
}

/** Extends Pi for one session. No listener throws: a mesh that is away is no fault of Pi's. */
export function extend(pi: PiExtensionApi, env: Environment): void {
  const calls = new InsideCalls();
  let open: Open | undefined;

  const ofOpen = () => {
    if (open) return open.session;
    throw new Error("Pi has no session open. Call the tool again when it has.");
  };
  for (const tool of meshTools(ofOpen, calls)) pi.registerTool(tool);

  pi.on("session_start", (_, context) => {
    open ??= opened(pi, context, env);
  });

  pi.on("session_shutdown", async () => {
    if (!open) return;
    const { session, texts, joining } = open;
    open = undefined;
    clearTimeout(joining);
    texts.stop();
    await pauseAtMost(session.leave(), LONGEST_GOODBYE_MS);
  });

  pi.on("before_agent_start", ({ systemPrompt, systemPromptOptions: { sections } }) => {
    if (sections === undefined) return { systemPrompt: `${systemPrompt}\n\n${instructions}` };
    sections.other_agents = instructions;
    return undefined;
  });

  pi.on("agent_start", () => {
    open?.texts.began();
    open?.session.clientSession.learn({ turnOpen: true });
  });

  pi.on("agent_settled", (event) => {
    open?.texts.settled({ aborted: AgentSettled.safeParse(event).data?.aborted ?? false });
    open?.session.clientSession.learn({ turnOpen: false });
  });

  pi.on("message_end", (event) => {
    const message = MessageEnd.safeParse(event).data?.message;
    switch (message?.role) {
      case "custom":
        if (message.customType === MESSAGE_KIND) open?.texts.given(message.content);
        break;
      case "assistant":
        if (message.stopReason !== "error" && message.stopReason !== "aborted") open?.texts.answered();
        break;
      case "toolResult":
        calls.kept(message.toolCallId, !message.isError);
        break;
    }
  });
}

function opened(pi: PiExtensionApi, { cwd, sessionManager }: PiContext, env: Environment): Open {
  // Not the directory of a Claude Code session in whose terminal Pi was started.
  const { config, warnings } = resolveConfig({ ...env, CLAUDE_PROJECT_DIR: undefined }, cwd);
  const file = logFile(env);
  const log = createLog(config.logLevel, (line) => writeLine(file, line));
  const session = new AgentSession({ config, log, warnings });
  const texts = new SteeredTexts();
  session.attach({
    clientName: () => "pi",
    telling: "at start",
    inside: { paths: [steerPath(pi, texts)], transcript: texts },
  });
  // A session that is not kept cannot be opened again: nobody could be its agent.
  if (sessionManager.getSessionFile() !== undefined) session.clientSession.learn({ id: sessionManager.getSessionId() });
  return { session, texts, joining: setTimeout(() => session.start(), STAYS_AFTER_MS).unref() };
}
