/** `agentmesh hook-url`: a URL at which GitHub, GitLab or any program posts to a topic or an agent; made, listed, removed. */
import {
  type AgentName,
  type Hook,
  type HookId,
  HookKind,
  loopbackHost,
  type MakeHookReply,
  oneOf,
  plainLine,
  TopicName,
} from "@agentmesh/protocol";
import { allAgents } from "../../all-agents.ts";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { typed } from "../../option-values.ts";
import { since } from "../../terminal/clock.ts";
import { jsonText, print, remark, tell, warn } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { secretOf } from "./secret-file.ts";

/** Options of `hook-url`. */
export interface HookUrlOptions {
  readonly kind: string;
  readonly topic?: true;
  readonly name?: AgentName;
  readonly secretFile?: string;
  readonly urgency?: Hook["urgency"];
  readonly secretInUrl?: true;
  readonly list?: true;
  readonly remove?: HookId;
}

/** Makes a hook, lists all, or removes one. @throws CommandError, MeshApiError */
export async function hookUrl(context: Context, target: string | undefined, options: HookUrlOptions): Promise<void> {
  if (options.remove !== undefined) {
    const reply = await (await context.admin()).removeHook({ hook: options.remove });
    if (context.json) return print(jsonText(reply));
    return tell(reply.removed ? "Nothing more is taken at its URL, and its agent has left." : "There is no such hook.");
  }
  if (options.list) return listHooks(context);
  if (target === undefined) throw usageError("Name a topic or an agent: agentmesh hook-url build.failed, or --list.");
  const kind = typed("--kind", oneOf(HookKind.options), options.kind);
  const { name, urgency, secretInUrl, secretFile } = options;
  const reply = await (await context.admin()).makeHook({
    kind,
    ...(await meant(context, target, options.topic)),
    ...(name !== undefined && { name }),
    ...(urgency !== undefined && { urgency }),
    ...(secretFile !== undefined && { secret: await secretOf(secretFile, "--secret-file") }),
    ...(secretInUrl && { secretInUrl }),
  });
  if (context.json) return print(jsonText(reply));
  await printHook(reply);
}

/** Words with dots between are a topic where no agent has that name. */
async function meant(
  context: Context,
  target: string,
  isTopic: true | undefined,
): Promise<{ readonly topic: string } | { readonly agent: string }> {
  if (isTopic) return { topic: typed("the topic", TopicName, target) };
  if (!target.includes(".") || !TopicName.safeParse(target).success) return { agent: target };
  const agents = await allAgents(await context.admin(), "all");
  return agents.some(({ name }) => name === target) ? { agent: target } : { topic: target };
}

async function printHook({ hook, path, urls, secret }: MakeHookReply): Promise<void> {
  const [url = ""] = urls;
  const to = hook.topic === undefined ? plainLine(hook.recipient?.name ?? "") : `subscribers of ${hook.topic}`;
  await tell(`What is posted there comes to ${to} from ${plainLine(hook.agent.name)}, marked unverified.`);
  await print(url + path);
  if (secret !== undefined && !hook.secretInUrl) await print(secret);
  remark(
    hook.secretInUrl
      ? "This URL is a secret, shown only now: whoever has it posts."
      : `${secret === undefined ? "" : "The second line is the secret, shown only now. "}${USE[hook.kind]}`,
  );
  remark(`Take it out: agentmesh hook-url --remove ${hook.id}`);
  if (loopbackHost(new URL(url).hostname) === undefined) return;
  warn(
    "the broker is reached from this machine only. For posts from elsewhere lead a tunnel to it and name the tunnel's host with --allowed-hosts and --behind-tls-proxy, or have it listen with --tls: agentmesh-broker --help",
  );
}

const USE: Record<Hook["kind"], string> = {
  github: "In the repository's settings, Webhooks: content type application/json, and the secret.",
  gitlab: "In the project's settings, Webhooks: as the secret token.",
  json: "Send it as: Authorization: Bearer …",
};

async function listHooks(context: Context): Promise<void> {
  const { hooks } = await (await context.admin()).listHooks();
  if (context.json) return print(jsonText({ hooks }));
  if (hooks.length === 0) return tell("There is no hook. Make one: agentmesh hook-url TOPIC|AGENT");
  await print(table(columns, hooks));
}

const columns: Column<Hook>[] = [
  { title: "HOOK", cell: ({ id }) => id },
  { title: "KIND", cell: ({ kind, sealed }) => (sealed ? `${kind}, cannot be opened` : kind) },
  { title: "TO", cell: ({ topic, recipient }) => topic ?? recipient?.name ?? "", min: 12 },
  { title: "FROM", cell: ({ agent }) => agent.name, min: 12 },
  { title: "LAST POST", cell: ({ lastAt }) => (lastAt === undefined ? "never" : `${since(lastAt)} ago`) },
];
