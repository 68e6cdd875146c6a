/** `agentmesh invite`: one line that lets another machine in, once and for a short time. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Invite,
  type InviteId,
  InviteKind,
  type InviteReply,
  inviteWord,
  loopbackHost,
  oneOf,
} from "@agentmesh/protocol";
import type { Context } from "../../context.ts";
import { shortPath } from "../../describe.ts";
import { typed } from "../../option-values.ts";
import { localTime, until } from "../../terminal/clock.ts";
import { jsonText, print, remark, tell, warn } from "../../terminal/output.ts";
import { table } from "../../terminal/table.ts";

/** The port that docs name for TLS. */
const USUAL_TLS_PORT = 7900;

/** Options of `invite`. */
export interface InviteOptions {
  readonly name?: string;
  readonly for?: number;
  /** `machine` or `agent`, as it was typed. */
  readonly as?: string;
  readonly list?: true;
  readonly takeBack?: InviteId;
}

/** Makes an invite, lists those that can be used, or takes one back. @throws MeshApiError, CommandError */
export async function invite(context: Context, options: InviteOptions): Promise<void> {
  const admin = await context.admin();
  if (options.takeBack !== undefined) {
    const reply = await admin.takeBackInvite({ invite: options.takeBack });
    if (context.json) return print(jsonText(reply));
    return tell(reply.takenBack ? "It is taken back: nobody joins by it." : "It was used, or past its time, before.");
  }
  if (options.list) {
    const { invites } = await admin.listInvites();
    if (context.json) return print(jsonText({ invites }));
    if (invites.length === 0) return tell("No invite waits to be used. Make one: agentmesh invite");
    return print(table(columns, invites));
  }
  const secret = `ami_${randomBytes(32).toString("base64url")}`;
  const reply = await admin.invite({
    secret,
    ...(options.as !== undefined && { kind: typed("--as", oneOf(InviteKind.options), options.as) }),
    ...(options.name !== undefined && { names: options.name }),
    ...(options.for !== undefined && { forMs: options.for }),
  });
  const { urls, ca, invite: made } = reply;
  const word = inviteWord({ urls, ...(ca !== undefined && { ca }), secret, expires: made.expiresAt });
  const line = `agentmesh join ${word}`;
  if (context.json) await print(jsonText({ line, invite: made, urls, ...(ca !== undefined && { ca }) }));
  // The line alone, whatever it is written to: it is copied, or piped into ssh.
  else await print(line);
  if (!context.json && process.stdout.isTTY) explain(made);
  if (isLoopbackOnly(reply)) {
    warn(
      `the broker is reached from this machine only, and so the line works here only. To have it listen for other machines, over TLS: ${tlsHow(context)}; then agentmesh down, agentmesh up, and this again. Behind a proxy: docs/operations.md`,
    );
  }
}

function explain({ id, kind, names, expiresAt }: Invite): void {
  const whose = kind === "agent" ? "one agent there" : "the agents there";
  remark(
    `Run this line on the other machine. It works once, until ${localTime(expiresAt)} (${until(expiresAt)}), and gives it a credential for ${whose}${names === undefined ? "" : `, called ${names}`}: not the mesh key, and nobody else's mail. Whoever reads the line before can use it: do not leave it lying about.`,
  );
  remark(`Take it back: agentmesh invite --take-back ${id}. Who joined: agentmesh machines`);
}

/** What has every start of the broker listen over TLS. */
function tlsHow({ folder }: Context): string {
  const file = join(folder.path, "config.json");
  if (existsSync(file)) return `add "tls": ${USUAL_TLS_PORT} to ${shortPath(file)}`;
  return `put { "tls": ${USUAL_TLS_PORT} } into ${shortPath(file)}`;
}

function isLoopbackOnly({ urls }: InviteReply): boolean {
  return urls.every((url) => loopbackHost(new URL(url).hostname) !== undefined);
}

const columns = [
  { title: "INVITE", cell: ({ id }: Invite) => id },
  { title: "FOR", cell: ({ kind }: Invite) => (kind === "agent" ? "one agent" : "a machine") },
  { title: "NAMES", cell: ({ names }: Invite) => names ?? "" },
  { title: "UNTIL", cell: ({ expiresAt }: Invite) => localTime(expiresAt) },
];
