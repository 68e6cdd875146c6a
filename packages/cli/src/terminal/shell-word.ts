/** Words of a command line as a shell takes them. */
import { plainLine } from "@agentmesh/protocol";

/** One argument for the shell that runs hooks: sh, or cmd on Windows. */
export function shellWord(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return platform === "win32" ? `"${word}"` : `"${word.replace(/["$`\\]/g, "\\$&")}"`;
}

/** A command for the shell that this program was started from, on one line. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => shellWord(plainLine(word), process.platform)).join(" ");
}
