/** Which program the plugin runs in: OpenCode, or one that is made of it. */

/** What others are told as the client of a session. */
export type Host = "opencode" | "kilo";

/** A program that is started within a session of Kilo inherits its variables: the process tells. */
export function hostOf(env: Readonly<Record<string, string | undefined>>, pid = process.pid): Host {
  return env.KILO_PID === String(pid) ? "kilo" : "opencode";
}
