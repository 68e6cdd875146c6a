/** `agentmesh ui`: opens the page that the broker serves, signed in by a code that works once; or makes a link that only looks. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PageCodeReply } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { isRunByModel } from "../../person.ts";
import { localTime, until } from "../../terminal/clock.ts";
import { jsonText, print, remark, warn } from "../../terminal/output.ts";

/** Options of `ui`. */
export interface UiOptions {
  readonly print?: true;
  readonly readOnly?: true;
  readonly for?: number;
}

/** Prints the page's address with a code, and opens it where there is a browser. @throws MeshApiError, CommandError */
export async function ui(context: Context, options: UiOptions): Promise<void> {
  if (options.for !== undefined && !options.readOnly) {
    throw usageError(
      "--for is for a link that only looks: add --read-only. Who signs in stays so for 7 days, or 12 hours without a use.",
    );
  }
  const reply = await (options.readOnly ? linkOf(context, options.for) : codeOf(context));
  const page = `${context.address().url}/ui`;
  const address = `${page}#code=${reply.code}`;
  const others = reply.urls.filter((url) => url !== page).map((url) => `${url}#code=${reply.code}`);
  if (context.json)
    return print(jsonText({ address, others, until: reply.until, ...(reply.link && { link: reply.link }) }));
  // The address alone, whatever it is written to: it is copied, or opened by another program.
  await print(address);
  if (!process.stdout.isTTY) return;
  if (options.readOnly) return explainLink(reply, others);
  const isOpened = !options.print && openInBrowser(context, address);
  remark(
    `${isOpened ? "It opens in your browser; if it does not, open it there." : "Open it in a browser."} It works once, until ${localTime(reply.until)}. Sign out on the page; who is signed in: agentmesh tokens`,
  );
}

async function codeOf(context: Context): Promise<PageCodeReply> {
  if (isRunByModel(context.env)) {
    warn(
      "a coding client runs this command: at the page that it opens nobody writes as you. Open it from a terminal of your own to write.",
    );
    return (await context.admin()).pageCode();
  }
  const { agent } = await context.acting();
  return (await context.admin()).pageCode({ as: agent.id });
}

async function linkOf(context: Context, forMs: number | undefined): Promise<PageCodeReply> {
  return (await context.admin()).pageCode({ readOnly: true, ...(forMs !== undefined && { forMs }) });
}

function explainLink({ until: end, link }: PageCodeReply, others: readonly string[]): void {
  for (const other of others) remark(`From another machine: ${other}`);
  remark(
    `Whoever has this link sees every message of the mesh, and changes nothing, until ${localTime(end)} (${until(end)}). Take it back: agentmesh revoke ${link}`,
  );
}

/** What opens an address here; undefined where no browser can be seen, as over ssh. */
function opener(env: NodeJS.ProcessEnv): readonly [program: string, ...args: string[]] | undefined {
  if ((env.SSH_CONNECTION ?? "") !== "") return undefined;
  if (process.platform === "darwin") return ["open"];
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return (env.DISPLAY ?? env.WAYLAND_DISPLAY ?? "") === "" ? undefined : ["xdg-open"];
}

/**
 * Opens it by a file that leads there: arguments of a program are read by other users of a machine, and the code would be one.
 * What cannot be opened was printed.
 */
function openInBrowser(context: Context, address: string): boolean {
  const [program, ...args] = opener(context.env) ?? [];
  if (program === undefined) return false;
  const file = join(context.folder.path, "ui-open.html");
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
