/** Words of a command line as a shell takes them. */

/** One argument for the shell that runs hooks: sh, or cmd on Windows. */
export function shellWord(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return platform === "win32" ? `"${word}"` : `"${word.replace(/["$`\\]/g, "\\$&")}"`;
}
