/** The adapter begins to listen to the hooks of its client's session. */
import type { ClientSession } from "../client/client-session.ts";
import type { Config } from "../config/config.ts";
import type { JoinedSession } from "../join.ts";
import type { Log } from "../log.ts";
import type { PushPaths } from "../push/push-paths.ts";
import { HookCalls } from "./hook-calls.ts";
import { HookSocket } from "./hook-socket.ts";
import type { HookTrouble } from "./hook-trouble.ts";

/** What a session that listens is. */
export interface Listener {
  readonly config: Config;
  readonly session: ClientSession;
  readonly directory: string;
  readonly log: Log;
  /** Takes what the model has to be told. */
  readonly notices: string[];
  /** The agent that the session is, once it is joined. */
  joined(): JoinedSession | undefined;
}

/** A session that listens. */
export interface SessionHooks {
  /** Looks whether hooks still find this adapter. */
  check(): void;
  /** Says to the paths of an agent that has just been joined what is the matter with hooks. */
  tell(paths: PushPaths): void;
  close(): void;
}

/** Listens, if the client is one that has hooks. */
export function listenToHooks(listener: Listener): SessionHooks | undefined {
  const { config, session, directory, log, notices, joined } = listener;
  const { kind, facts } = session;
  if (kind === undefined || config.push.length === 0) return undefined;
  const calls = new HookCalls({ session, log, joined });
  let trouble: HookTrouble | undefined;
  const hooks = new HookSocket({
    home: config.home,
    kind,
    directory,
    sessionId: facts.id,
    log,
    onCall: (caller) => void calls.answer(caller),
    onInlet(sessionId, inlet) {
      if (sessionId !== session.facts.id) return false;
      log.debug("extension.came");
      session.learn({ inlet });
      inlet.gone.addEventListener("abort", () => session.learn({}));
      return true;
    },
    onMadeAgain: (sentence) => notices.push(sentence),
    onTrouble(now) {
      trouble = now;
      if (now !== undefined) notices.push(`Mail cannot be brought by hooks: ${now.whole}.`);
      joined()?.paths.hooksFail(now?.brief);
    },
  });
  session.onLearnt(() => hooks.belongsTo(session.facts.id));
  return {
    check: () => hooks.check(),
    tell(paths) {
      if (trouble !== undefined) paths.hooksFail(trouble.brief);
    },
    close: () => hooks.close(),
  };
}
