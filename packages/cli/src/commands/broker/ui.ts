/** `agentmesh ui`: opens the page that the broker serves, signed in by a code that works once; or makes a link that only looks. */
import type { MeshClient } from "@agentmesh/client";
import type { PageCodeReply } from "@agentmesh/protocol";
import { openInBrowser } from "../../browser.ts";
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
  readonly demo?: true;
}

/** Prints the page's address with a code, and opens it where there is a browser. @throws MeshApiError, CommandError */
export async function ui(context: Context, options: UiOptions): Promise<void> {
  if (options.for !== undefined && !options.readOnly) {
    throw usageError(
      "--for is for a link that only looks: add --read-only. Who signs in stays so for 7 days, or 12 hours without a use.",
    );
  }
  if (options.demo) {
    if (options.readOnly)
      throw usageError("--demo is a mesh of its own, with nobody's messages: it needs no link that only looks.");
    return (await import("../../demo/run.ts")).demo(context, { isOpened: !options.print });
  }
  const admin = await context.admin();
  const reply = await (options.readOnly ? linkOf(admin, options.for) : codeOf(context, admin));
  const { url, several } = context.address();
  // A code opens the page of the broker that made it.
  const page = `${several ? await admin.connection.url() : url}/ui`;
  const address = `${page}#code=${reply.code}`;
  const others = reply.urls.filter((url) => url !== page).map((url) => `${url}#code=${reply.code}`);
  if (context.json)
    return print(jsonText({ address, others, until: reply.until, ...(reply.link && { link: reply.link }) }));
  // The address alone, whatever it is written to: it is copied, or opened by another program.
  await print(address);
  if (!process.stdout.isTTY) return;
  if (options.readOnly) return explainLink(reply, others);
  const isOpened = !options.print && openInBrowser(context.env, context.folder.path, address);
  remark(
    `${isOpened ? "It opens in your browser; if it does not, open it there." : "Open it in a browser."} It works once, until ${localTime(reply.until)}. Sign out on the page; who is signed in: agentmesh tokens`,
  );
}

async function codeOf(context: Context, admin: MeshClient): Promise<PageCodeReply> {
  if (isRunByModel(context.env)) {
    warn(
      "a coding client runs this command: at the page that it opens nobody writes as you. Open it from a terminal of your own to write.",
    );
    return admin.pageCode();
  }
  const { agent } = await context.acting();
  return admin.pageCode({ as: agent.id });
}

async function linkOf(admin: MeshClient, forMs: number | undefined): Promise<PageCodeReply> {
  return admin.pageCode({ readOnly: true, ...(forMs !== undefined && { forMs }) });
}

function explainLink({ until: end, link }: PageCodeReply, others: readonly string[]): void {
  for (const other of others) remark(`From another machine: ${other}`);
  remark(
    `Whoever has this link sees every message of the mesh, and changes nothing, until ${localTime(end)} (${until(end)}). Take it back: agentmesh revoke ${link}`,
  );
}
