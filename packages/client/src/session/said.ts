/** What a session says of itself, when it is opened and with each heartbeat. */
import type { AgentProfile, OpenSessionReply, ProcessMark, PushPath, ToldDialog } from "@agentmesh/protocol";
import type { MeshCalls } from "../mesh-calls.ts";

/** What a session says of itself. */
export interface SessionOptions {
  readonly profile?: AgentProfile;
  readonly pushPaths?: PushPath[];
  /** The process whose session it is: when that is gone, a broker of the same machine ends the session at once. */
  readonly process?: ProcessMark;
  /** Called when the broker no longer knows the token (another database): register again, then return. */
  readonly onUnknownToken?: () => Promise<void>;
  /** Told when the connection is lost or back; for logs. */
  readonly onNotice?: (notice: string) => void;
  /** Called each time the session is about to renew itself, whether the broker can be reached or not. */
  readonly onBeat?: () => void;
}

/** A dialog in the session that a person has to answer. */
export interface OpenDialog {
  readonly about: ToldDialog["about"];
  /** Since when, in Unix milliseconds. */
  readonly sinceMs: number;
}

/** Opens a session that says this. @throws MeshApiError, BrokerUnreachableError */
export function openSession(
  client: MeshCalls,
  options: SessionOptions,
  pushPaths: PushPath[],
): Promise<OpenSessionReply> {
  return client.openSession({ ...options.profile, pushPaths, ...processOf(options) });
}

/** Its process, where it has said one. */
export function processOf({ process }: SessionOptions): { process?: ProcessMark } {
  return process ? { process } : {};
}

/** The dialog that it stands at, by its age: the clock of the broker may be another. */
export function dialogOf(dialog: OpenDialog | undefined): { dialog?: ToldDialog } {
  if (dialog === undefined) return {};
  return { dialog: { about: dialog.about, ageMs: Math.max(0, Math.round(Date.now() - dialog.sinceMs)) } };
}
