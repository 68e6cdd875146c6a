/** `agentmesh webhook`: set, list, show, test, rotate, remove. Secrets come from files, never from the command line. */
import {
  MAX_WEBHOOK_TIMEOUT_MS,
  plainLine,
  quoted,
  type SetWebhookReply,
  type SetWebhookRequest,
  WEBHOOK_PATH,
  type Webhook,
  type WebhookState,
} from "@agentmesh/protocol";
import { ownToAll } from "../../all-agents.ts";
import { CommandError, usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { since, until } from "../../terminal/clock.ts";
import { facts, jsonText, print, remark, type Style, style, tell } from "../../terminal/output.ts";
import { type Column, table } from "../../terminal/table.ts";
import { waitFor } from "../../terminal/waiting.ts";
import { secretOf } from "./secret-file.ts";

/** Options of `webhook set`. */
export interface SetWebhookOptions {
  readonly dialect: SetWebhookRequest["dialect"];
  readonly secretFile?: string;
  readonly urgency?: SetWebhookRequest["urgency"];
  readonly inFlight?: number;
  readonly tokenFile?: string;
  readonly hook?: "agent" | "wake";
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly deliver?: true;
}

const stateStyle: Readonly<Record<WebhookState, Style>> = {
  untried: "dim",
  working: "green",
  failing: "yellow",
  resting: "yellow",
  disabled: "red",
};

/** Sets an agent's webhook; prints a made secret once. @throws CommandError, MeshApiError */
export async function setWebhook(
  context: Context,
  agent: string,
  url: string,
  options: SetWebhookOptions,
): Promise<void> {
  const { dialect, secretFile, urgency, inFlight, tokenFile, hook, agentId, sessionKey, deliver } = options;
  const isA2a = dialect === "a2a" || dialect === "a2a-push";
  const forOpenclaw = { hook, agentId, sessionKey, deliver };
  const stray = Object.entries(forOpenclaw).find(([, value]) => value !== undefined);
  if (dialect !== "openclaw" && stray) throw usageError(`${flagOf(stray[0])} goes with --dialect openclaw.`);
  if (dialect !== "openclaw" && !isA2a && tokenFile !== undefined) {
    throw usageError("--token-file goes with --dialect openclaw, a2a or a2a-push.");
  }
  if (dialect === "openclaw" && tokenFile === undefined) {
    throw usageError("--dialect openclaw needs --token-file: a file with hooks.token of OpenClaw's configuration.");
  }
  const reply = await (await context.admin()).setWebhook({
    agent,
    url,
    dialect,
    ...(secretFile !== undefined && { secret: await secretOf(secretFile, "--secret-file") }),
    ...(urgency !== undefined && { urgency }),
    ...(inFlight !== undefined && { maxInFlight: inFlight }),
    ...(isA2a && tokenFile !== undefined && { a2a: { credentials: await secretOf(tokenFile, "--token-file") } }),
    ...(dialect === "openclaw" &&
      tokenFile !== undefined && {
        openclaw: {
          token: await secretOf(tokenFile, "--token-file"),
          ...(hook !== undefined && { hook }),
          ...(agentId !== undefined && { agentId }),
          ...(sessionKey !== undefined && { sessionKey }),
          ...(deliver !== undefined && { deliver }),
        },
      }),
  });
  const { webhook } = reply;
  await printSecret(context, reply, `Posts for ${webhook.agent.name} go to ${webhook.url} (${webhook.dialect}).`);
  if (!context.json) remark(`Try it: agentmesh webhook test ${webhook.agent.name}`);
}

/** Shows an agent's webhook and how it does. @throws MeshApiError */
export async function showWebhook(context: Context, agent: string): Promise<void> {
  const webhook = await (await context.admin()).getWebhook({ agent });
  await print(context.json ? jsonText(webhook) : webhookText(webhook));
}

/** Lists the webhooks of all agents that a command here acts for, archived ones too. @throws MeshApiError */
export async function listWebhooks(context: Context): Promise<void> {
  const admin = await context.admin();
  const webhooks: Webhook[] = [];
  for (const { id, pushPaths } of await ownToAll(admin, context.address())) {
    if (!pushPaths.some(({ path }) => path === WEBHOOK_PATH)) continue;
    webhooks.push(await admin.getWebhook({ agent: id }));
  }
  if (context.json) return print(jsonText({ webhooks }));
  if (webhooks.length === 0) return tell("No agent has a webhook. Set one: agentmesh webhook set AGENT URL");
  await print(table(columns, webhooks));
}

const columns: Column<Webhook>[] = [
  { title: "AGENT", cell: ({ agent }) => agent.name, min: 12 },
  { title: "STATE", cell: ({ state }) => ({ text: state, style: stateStyle[state] }) },
  { title: "TAKEN", cell: ({ provenAt }) => ago(provenAt) },
  { title: "FAILED", cell: ({ failedAt }) => ago(failedAt) },
  { title: "DIALECT", cell: ({ dialect }) => dialect },
  { title: "URL", cell: ({ url }) => url, min: 20, fold: true },
];

const ago = (at: string | undefined) => (at === undefined ? "never" : `${since(at)} ago`);

/** Posts a test event; exits 1 unless it is answered 2xx. @throws CommandError, MeshApiError */
export async function testWebhook(context: Context, agent: string): Promise<void> {
  const admin = await context.admin({ retryForMs: 0 });
  const reply = await waitFor({
    json: context.json,
    what: () => `the answer to the test event that is posted for ${plainLine(agent)}`,
    ms: MAX_WEBHOOK_TIMEOUT_MS,
    stands: () =>
      `The event may have been posted all the same; it stands for no message. How posts do: agentmesh webhook show ${plainLine(agent)}`,
    async look({ signal, mayWaitMs }) {
      // A broker that went away under it may not have posted it. Twice it does no harm, once somebody is there to do it.
      if (mayWaitMs(1) > 0) return admin.testWebhook({ agent }, { signal });
      await admin.status();
      return undefined;
    },
  });
  if (reply === undefined) return; // its time is over when it is lost: waitFor has thrown
  const { taken, status, why = "", tookMs, webhook } = reply;
  if (context.json) await print(jsonText(reply));
  else if (taken) await tell(`${style("green", "taken")}: ${webhook.url} answered ${status} after ${tookMs} ms`);
  if (taken) return;
  throw new CommandError("webhook_not_taken", `${webhook.url} did not take the test after ${tookMs} ms: ${why}.`);
}

/** Replaces the secret; prints a made one once. @throws CommandError, MeshApiError */
export async function rotateWebhook(
  context: Context,
  agent: string,
  options: { readonly secretFile?: string; readonly overlap?: number },
): Promise<void> {
  const { secretFile, overlap } = options;
  const reply = await (await context.admin()).rotateWebhook({
    agent,
    ...(secretFile !== undefined && { secret: await secretOf(secretFile, "--secret-file") }),
    ...(overlap !== undefined && { overlapMs: overlap }),
  });
  const { agent: of, previousSecretUntil } = reply.webhook;
  const old =
    previousSecretUntil === undefined
      ? "The old one is void."
      : `The old one signs too for ${until(previousSecretUntil)}.`;
  await printSecret(context, reply, `Posts for ${of.name} are signed with a new secret. ${old}`);
}

/** Removes an agent's webhook. @throws MeshApiError */
export async function removeWebhook(context: Context, agent: string): Promise<void> {
  const { removed } = await (await context.admin()).removeWebhook({ agent });
  if (context.json) return print(jsonText({ removed }));
  const name = plainLine(agent);
  await tell(removed ? `Nothing more is posted for ${name}; what waits is in its inbox.` : `${name} has no webhook.`);
}

async function printSecret(context: Context, reply: SetWebhookReply, said: string): Promise<void> {
  if (context.json) return print(jsonText(reply));
  await tell(plainLine(said, 2_000));
  if (reply.secret === undefined) return;
  await print(reply.secret);
  const use =
    reply.webhook.dialect === "hermes"
      ? "It goes into the route, as its secret."
      : "Its receiver checks posts with it: verifyWebhook of @agentmesh/client.";
  remark(`This secret is shown only now. ${use}`);
}

function webhookText(webhook: Webhook): string {
  const { url, dialect, urgency, maxInFlight, openclaw, state, failures, failedWhy } = webhook;
  const rows: [string, string][] = [
    ["url", url],
    ["dialect", openclaw === undefined ? dialect : `${dialect}, hook ${openclaw.hook}`],
    ["posts", `${urgency} and above, ${maxInFlight === 1 ? "one at a time, in order" : `${maxInFlight} at a time`}`],
    ["set", ago(webhook.setAt)],
    ["taken", ago(webhook.provenAt)],
    [
      "failed",
      webhook.failedAt === undefined ? "never" : `${ago(webhook.failedAt)}${failedWhy ? `: ${quoted(failedWhy)}` : ""}`,
    ],
  ];
  if (failures > 0) rows.push(["in a row", `${failures} failures`]);
  if (webhook.nextTryAt !== undefined) rows.push(["next try", `in ${until(webhook.nextTryAt)}`]);
  if (webhook.previousSecretUntil !== undefined) {
    rows.push(["secret", `being rotated, the old one signs too for ${until(webhook.previousSecretUntil)}`]);
  }
  return `${plainLine(webhook.agent.name)}: ${style(stateStyle[state], state)}\n${facts(rows)}`;
}

function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
