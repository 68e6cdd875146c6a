/** Why a delivery is not acked, and what can be done about it: the sentence behind `trace`. */
import type { Agent, Delivery, Dialog, Message, Outlook, TimelineEntry, Urgency } from "@agentmesh/protocol";
import { dialogWords, doubtWords, quoted } from "@agentmesh/protocol";
import { focusBefore, focusText } from "../acceptance/urgency.ts";
import { TIMES } from "../clock.ts";
import { webhookOf, webhookOutlook } from "../webhook/path.ts";

/**
 * The outlook of a delivery; undefined once it is acked or was taken back. `recipient` is undefined when it has left.
 * `decides`: it is for the recipient or the owner of the mesh, who decide on what is held; a sender is told no command.
 */
export function outlookOf(
  { urgency }: Pick<Message, "urgency">,
  delivery: Delivery & { readonly timeline: readonly TimelineEntry[] },
  recipient: Agent | undefined,
  decides: boolean,
): Outlook | undefined {
  const name = delivery.to.name;
  switch (delivery.state) {
    case "queued":
      return recipient ? queued(urgency, delivery, recipient) : undefined;
    case "held":
      return {
        cause: `The policy of ${name} holds messages of this sender.`,
        remedy: decides
          ? `Look at it and decide: agentmesh admit ${delivery.id}, or agentmesh refuse ${delivery.id}`
          : `Wait: ${name} or its owner decides.`,
      };
    case "refused":
      return { cause: `${name} refused it: ${why(delivery)}.`, remedy: "Talk to its owner." };
    case "leased":
      return leased(delivery, name, recipient);
    case "dead":
      if (delivery.reason === "corrupt_body") {
        return {
          cause: "Its text was damaged on the broker's disk, and is not shown to anybody.",
          remedy: "Send it again.",
        };
      }
      return recipient
        ? { cause: `It was given up: ${why(delivery)}.`, remedy: `Put it back: agentmesh redrive ${delivery.id}` }
        : { cause: `${name} has left the mesh.`, remedy: "Send it to an agent that is there: agentmesh agents" };
    case "expired":
      return { cause: `It expired: ${why(delivery)}.`, remedy: "Send it again, with a longer life if need be." };
    default:
      return undefined;
  }
}

/** The reason of a delivery, which its receiver may have written. */
function why({ reason }: Pick<Delivery, "reason">): string {
  return reason === undefined ? "no reason given" : quoted(reason);
}

function queued(
  urgency: Urgency,
  delivery: Delivery & { readonly timeline: readonly TimelineEntry[] },
  recipient: Agent,
): Outlook {
  const { name } = recipient;
  if (delivery.readyAt !== undefined && delivery.attempt === 0) {
    return {
      cause: `An ask of ${name} takes it first, until ${delivery.readyAt}; then it comes as any.`,
      remedy: "Wait.",
    };
  }
  if (delivery.readyAt !== undefined) {
    return {
      cause: `A receiver failed with it (${why(delivery)}); it may be leased again from ${delivery.readyAt} on.`,
      remedy: `Wait, or have ${name} look into its inbox.`,
    };
  }
  const webhook = webhookOf(recipient);
  if (delivery.postAt !== undefined && webhook?.works) {
    return {
      cause: `The webhook of ${name} failed with it (${why(delivery)}) and takes others; it is posted again at ${delivery.postAt}.`,
      remedy: `Wait, or have ${name} lease it over HTTP.`,
    };
  }
  const away = recipient.presence === "offline" && !webhook;
  const focus = focusBefore(urgency, recipient);
  if (focus) {
    return {
      cause: focusText(recipient, focus),
      remedy: `Wait, ${away ? `start a session of ${name}` : `have ${name} look into its inbox`}, or end the focus: agentmesh focus ${name} --end`,
    };
  }
  if (urgency === "fyi") {
    return {
      cause: "It is fyi, which wakes no session.",
      remedy: `${away ? `Start a session of ${name}: it` : name} finds it with its next check_messages.`,
    };
  }
  if (away) {
    const since = recipient.lastSeenAt === undefined ? "" : ` since ${recipient.lastSeenAt}`;
    return {
      cause: `${name} has had no live session${since}.`,
      remedy: `Start a session of ${name}: it gets the message.`,
    };
  }
  if (recipient.doubt && !webhook?.works) {
    return {
      cause: `${name} may be gone: ${doubtWords(recipient.doubt, TIMES)}.`,
      remedy: `Wait a minute, or start a session of ${name}: it gets the message.`,
    };
  }
  if (recipient.dialog && !webhook?.works) return atDialog(recipient, recipient.dialog);
  if (webhook && recipient.pushPaths.length === 1) return webhookOutlook(recipient, webhook);
  if (recipient.pushPaths.length === 0) {
    return {
      cause: `Nothing can be pushed to ${name}.`,
      remedy: `Have ${name} look into its inbox (check_messages), or lease it over HTTP.`,
    };
  }
  if (delivery.timeline.some(({ event }) => event === "pushed")) {
    return {
      cause: `It was pushed to ${name} and not answered; it rests in the inbox now.`,
      remedy: `Have ${name} call check_messages, or look at its session.`,
    };
  }
  const working = recipient.pushPaths.filter((path) => path.failedWhy === undefined);
  const [failing] = recipient.pushPaths;
  if (working.length === 0 && failing) {
    return {
      cause: `The push path ${failing.path} failed: ${quoted(failing.failedWhy ?? "")}.`,
      remedy: `Have ${name} call check_messages, or restart its session.`,
    };
  }
  if (working.every(({ path }) => path.endsWith("-hooks"))) {
    return {
      cause: `${name} is reached by its hooks: they come for the message with the next step of its session.`,
      remedy: "Wait; an idle session has to be given something to do.",
    };
  }
  return {
    cause: `${recipient.queued} deliveries wait for ${name}, its session takes them in order.`,
    remedy: "Wait.",
  };
}

function atDialog({ name }: Agent, dialog: Dialog): Outlook {
  return {
    cause: `A session of ${name} stands at ${dialogWords(dialog, TIMES)}; nothing comes before its model until a person has answered.`,
    remedy: `Answer it in the session of ${name}, or wait.`,
  };
}

function leased(
  delivery: Delivery & { readonly timeline: readonly TimelineEntry[] },
  name: string,
  recipient: Agent | undefined,
): Outlook {
  if (recipient?.dialog && !webhookOf(recipient)?.works) return atDialog(recipient, recipient.dialog);
  const push = delivery.timeline.findLast(({ event }) => event === "pushed" || event === "push_failed");
  const until = delivery.leaseEndsAt ?? "the end of its lease";
  if (push?.event === "pushed") {
    return {
      cause: `It was pushed to ${name} through ${push.path} at ${push.at}; nothing has shown yet that it was read.`,
      remedy: `Wait for an answer; without one it is pushed again after ${until}, then it rests in the inbox.`,
    };
  }
  if (delivery.holder === undefined && recipient && webhookOf(recipient)) {
    return {
      cause: `It is on its way to the webhook of ${name}, or ${name} has leased it; until ${until}.`,
      remedy: "Wait.",
    };
  }
  const gone = recipient?.doubt ? ` ${name} may be gone: ${doubtWords(recipient.doubt, TIMES)}.` : "";
  return { cause: `${name} has had it in hand since its lease; it has until ${until}.${gone}`, remedy: "Wait." };
}
