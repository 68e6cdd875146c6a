/** Opens an address in the browser of whoever sits here, where one can be seen. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What opens an address here; undefined where no browser can be seen, as over ssh. */
function opener(env: NodeJS.ProcessEnv): readonly [program: string, ...args: string[]] | undefined {
  if ((env.SSH_CONNECTION ?? "") !== "") return undefined;
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return (env.DISPLAY ?? env.WAYLAND_DISPLAY ?? "") === "" ? undefined : ["xdg-open"];
}

/**
 * Opens it by a file of a state folder that leads there: arguments of a program are read by other users of a machine, and the code
 * would be one. False where it cannot be opened: it was printed.
 */
export function openInBrowser(env: NodeJS.ProcessEnv, folder: string, address: string): boolean {
  const [program, ...args] = opener(env) ?? [];
  if (program === undefined) return false;
  const file = join(folder, "ui-open.html");
  try {
    writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${address}">\n`, { mode: 0o600 });
  } catch {
    return false;
  }
  const child = spawn(program, [...args, pathToFileURL(file).href], { stdio: "ignore", detached: true });
  child.once("error", () => {});
  child.unref();
  return true;
}
