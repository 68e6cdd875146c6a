/** `agentmesh join`: this machine joins the mesh of another one, by the line of an invite. */
import { randomBytes } from "node:crypto";
import { BrokerUnreachableError, MeshClient } from "@agentmesh/client";
import {
  authorityAt,
  type JoinedMesh,
  machineName,
  readJoinedMesh,
  UntrustedBrokerError,
  writeJoinedMesh,
} from "@agentmesh/client/node";
import {
  endpoints,
  type HostName,
  type InviteWords,
  type JoinReply,
  plainLine,
  readInviteLine,
  VERSION,
} from "@agentmesh/protocol";
import { CommandError, usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { shortPath } from "../../describe.ts";
import { facts, jsonText, print, remark, tell, warn } from "../../terminal/output.ts";
import { textFrom } from "../../text-input.ts";

/** How long the broker has to answer, and to push a first event over a stream, in milliseconds. */
const ANSWER_MS = 10_000;

/** Options of `join`. */
export interface JoinOptions {
  readonly host?: HostName;
}

/** Joins, keeps the credential (0600), and sees whether calls and streams get through. @throws CommandError, MeshApiError */
export async function join(context: Context, line: readonly string[], options: JoinOptions): Promise<void> {
  const { folder } = context;
  const before = readJoinedMesh(folder);
  if (before) {
    throw new CommandError(
      "joined",
      `This machine has joined the mesh at ${before.urls[0]} already. Leave it first: agentmesh leave`,
      "refused",
    );
  }
  const typedLine = line.length === 1 && line[0] === "-" ? await textFrom({ words: line }, "line") : line.join(" ");
  const invite = readInviteLine(typedLine);
  if (!invite) {
    throw usageError(
      "This is no line of agentmesh invite, or not all of it: it is one word that begins with amj1. Copy it again. Nothing was sent.",
    );
  }
  const host = options.host ?? hostOf(machineName());
  const { mesh, reply } = await joinBy(invite, host);
  writeJoinedMesh(folder, mesh);
  const streamFault = await streamFaultOf(context);
  if (context.json) {
    const { id } = reply.machine;
    return print(jsonText({ url: mesh.urls[0], machine: id, host, call: true, stream: streamFault === undefined }));
  }
  await tell(`This machine has joined the mesh at ${mesh.urls[0]} as ${host}.`);
  await print(
    facts([
      ["machine", reply.machine.id],
      ...(reply.machine.names === undefined
        ? []
        : [["names", `its agents are called ${reply.machine.names}`] as const]),
      ["credential", `${shortPath(folder.joinedFile)}, which nobody else may read`],
      ["both ways", streamFault === undefined ? "a call and a stream got through" : "a call got through"],
    ]),
  );
  if (streamFault !== undefined) {
    warn(
      `no message could be pushed to this machine within ${ANSWER_MS / 1_000} s (${streamFault}): something between cuts or holds streams. Messages are fetched instead, and come later.`,
    );
  }
  remark(
    "Start your agent sessions here anew: those that run stay in the mesh they are in. Who is there: agentmesh agents. To connect clients: agentmesh setup",
  );
}

/** Joins at the first address that answers. The secret goes nowhere before the pin of the invite was found there. */
async function joinBy(
  invite: InviteWords,
  host: string,
): Promise<{ readonly mesh: JoinedMesh; readonly reply: JoinReply }> {
  const token = `amm_${randomBytes(32).toString("base64url")}`;
  let last: unknown;
  for (const url of invite.urls) {
    try {
      const ca = invite.ca === undefined ? undefined : await authorityAt(url, invite.ca);
      const client = new MeshClient({ url, timeoutMs: ANSWER_MS, retryForMs: 5_000, ...(ca !== undefined && { ca }) });
      const reply = await client.joinMesh({ secret: invite.secret, token, host, version: VERSION });
      const urls = [url, ...invite.urls.filter((each) => each !== url)];
      const machine = reply.machine.id;
      return { mesh: { version: 1, urls, ...(ca !== undefined && { ca }), machine, token, host }, reply };
    } catch (error) {
      const isElsewhere = error instanceof UntrustedBrokerError;
      if (!isElsewhere && !(error instanceof BrokerUnreachableError)) throw error;
      // In this network the address may be somebody else's; that is said before that nobody answers at another one.
      if (isElsewhere || last === undefined) last = error;
    }
  }
  throw last;
}

/** Why nothing is pushed to this machine; undefined when it is. */
async function streamFaultOf(context: Context): Promise<string | undefined> {
  const { client } = await context.acting();
  const session = await client.join();
  try {
    const inTime = AbortSignal.timeout(ANSWER_MS);
    const { body } = await client.connection.open(endpoints.stream, { session: session.id }, inTime);
    const first = await body?.getReader().read();
    const event = new TextDecoder().decode(first?.value);
    return event.startsWith("event: open") ? undefined : "the stream ended before its first event";
  } catch (error) {
    return plainLine(error instanceof Error ? error.message : String(error), 200);
  } finally {
    await session.leave();
  }
}

/** A name for this machine without its domain, in the letters that names of machines have. */
function hostOf(name: string): string {
  const [first = ""] = name.split(".");
  const host = first
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 63);
  return host === "" ? "machine" : host;
}
