/**
 * `agentmesh-mcp hook CLIENT`: run by the client at moments of its session. Asks the session's adapter for mail and prints
 * it. Runs once per tool call, so it loads nothing but Node; whatever goes wrong, it says nothing and exits 0.
 */
import { userInfo } from "node:os";
import { pathSetting, stateFolderSetting } from "@agentmesh/protocol/path-setting";
import { type ClientKind, clientKinds } from "../client/client-kind.ts";
import { conversationSources } from "../identity/conversation.ts";
import { workingDirectory } from "../working-directory.ts";
import { hooksFolder } from "./card.ts";
import { askAdapter } from "./find-adapter.ts";
import { dialogIn, type HookCall } from "./hook-call.ts";

/** A client waits for its hooks: this is the longest it ever does, in milliseconds. */
const ANSWER_WITHIN_MS = 1_000;

/** How long a waiting hook looks for its adapter, which starts after the session, in milliseconds. */
const APPEARS_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 500;

/** Exit code by which Claude Code's asyncRewake hooks wake the session with what they wrote to stderr. */
const WAKE = 2;

type Env = Readonly<Record<string, string | undefined>>;

/** Runs one hook; ends the process. */
export async function runHook(args: readonly string[], env: Env): Promise<void> {
  const [client = "", ...options] = args;
  const kind = clientKinds.find((name) => name === client);
  const wait = options.includes("--wait");
  const home = options[options.indexOf("--home") + 1];
  if (kind === undefined) {
    process.stderr.write(`agentmesh-mcp hook takes one of ${clientKinds.join(", ")}, then --wait and --home FOLDER.\n`);
    return;
  }
  // Where nobody attends a session, as in `claude -p`, Claude Code waits for such a hook in the foreground.
  if (wait && env.CLAUDE_CODE_SESSION_ATTENDED !== "1") return;
  process.on("uncaughtException", () => process.exit(0));
  const late = setTimeout(() => process.exit(0), ANSWER_WITHIN_MS);
  const input = await readInput();
  const call = input && callOf(kind, input, env, wait);
  if (!call) process.exit(0);

  const folder = hooksFolder(stateFolder(options.includes("--home") ? home : undefined, env));
  // A Codex or Gemini CLI that was started in a Claude Code session has that one's variables.
  const claudePid = kind === "claude" ? Number(env.CLAUDE_PID) : 0;
  const session = { folder, kind, call, cwd: workingDirectory(env), ...(claudePid > 0 && { clientPid: claudePid }) };
  if (wait) clearTimeout(late);
  // A session with an inbox socket needs no waiter unless its adapter says so.
  const until = performance.now() + (wait && env.CLAUDE_CODE_MESSAGING_SOCKET === undefined ? APPEARS_WITHIN_MS : 0);
  for (;;) {
    const answered = await askAdapter(session, async ({ print, wake }) => {
      if (print !== undefined) await write(process.stdout, print);
      if (wake !== undefined) await write(process.stderr, wake);
      process.exitCode = wake === undefined ? 0 : WAKE;
    });
    if (answered || performance.now() >= until) process.exit();
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** As the adapter finds it; throws where that refuses the setting, and there the adapter has said so. */
function stateFolder(home: string | undefined, env: Env): string {
  const systemHome = () => userInfo().homedir;
  if (home === undefined) return stateFolderSetting(env, systemHome);
  return pathSetting(home, { setting: "--home", env, systemHome });
}

async function readInput(): Promise<Readonly<Record<string, unknown>> | undefined> {
  const chunks: Buffer[] = [];
  // Not as an iterator: what Node loads for one takes room in each hook.
  await new Promise((resolve, reject) => {
    process.stdin
      .on("data", (chunk) => chunks.push(chunk))
      .once("end", resolve)
      .once("error", reject);
  });
  const input: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  return typeof input === "object" && input !== null ? { ...input } : undefined;
}

/** The call; none for a subagent, whose mail would be its parent's. */
function callOf(
  kind: ClientKind,
  input: Readonly<Record<string, unknown>>,
  env: Env,
  wait: boolean,
): HookCall | undefined {
  const source = conversationSources.find((each) => each === input.source);
  const { session_id, hook_event_name, transcript_path, stop_hook_active, agent_id, notification_type } = input;
  if (typeof session_id !== "string" || typeof hook_event_name !== "string") return undefined;
  const dialog = dialogIn(kind, hook_event_name, notification_type);
  if (dialog === "nothing") return undefined;
  // Whoever of a session asks, its user has to answer.
  if (dialog === undefined && typeof agent_id === "string" && agent_id !== "") return undefined;
  // Qwen Code runs it for each result of a tool as well, and there nobody has said anything.
  if (kind === "qwen" && hook_event_name === "UserPromptSubmit" && input.submitted_prompt === undefined)
    return undefined;
  return {
    event: hook_event_name,
    sessionId: session_id,
    ...(source !== undefined && { source }),
    ...(typeof transcript_path === "string" && { transcript: transcript_path }),
    ...(stop_hook_active === true && { stopActive: true }),
    ...(wait && { wait }),
    ...(dialog !== undefined && { dialog }),
    ...(env.CODEX_HOME !== undefined && { codexHome: env.CODEX_HOME }),
  };
}

function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())));
}
