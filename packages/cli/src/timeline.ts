/** One message with everything that happened to it. */
import {
  type AnsweredQuestion,
  type MessageStatus,
  plainLine,
  quoted,
  type TimelineEntry,
  type TracedDelivery,
} from "@agentmesh/protocol";
import { bodyText, detailOf, eventStyle, stateStyle, trustWords } from "./describe.ts";
import { brokerNow, inLocalTime, localTime, since, until } from "./terminal/clock.ts";
import { indented, sentence, style, withId } from "./terminal/output.ts";
import { pad } from "./terminal/text-width.ts";

/** Envelope, body and, per recipient, the timeline. */
export function messageText({ message, question, deliveries }: MessageStatus): string {
  const facts = [
    `${since(message.acceptedAt)} ago`,
    `${message.bodyBytes} bytes`,
    Date.parse(message.expiresAt) > brokerNow() ? `expires in ${until(message.expiresAt)}` : "past its life",
    message.threadId,
    ...(message.inReplyTo === undefined || question ? [] : [`answers ${message.inReplyTo}`]),
  ];
  const lines = [
    `${style("bold", message.id)}  ${plainLine(message.from.name)} → ${plainLine(message.to)}`,
    style("dim", sentence(facts.join(" · "))),
    ...(question ? [style("dim", questionLine(question))] : []),
    "",
    indented(bodyText(message)),
  ];
  for (const delivery of deliveries) {
    const holder = delivery.holder === undefined ? "" : ` by ${plainLine(delivery.holder)}`;
    const left = delivery.leaseEndsAt === undefined ? "" : `, lease ends in ${until(delivery.leaseEndsAt)}`;
    const state = style(stateStyle[delivery.state], delivery.state);
    const told = trustWords(delivery.trust, message);
    const came = told === "" ? "" : `, came as ${told}`;
    lines.push(
      "",
      withId(`#${delivery.seq} for ${plainLine(delivery.to.name)}: ${state}${holder}${left}${came}`, delivery.id, "  "),
    );
    if (delivery.earlierSteps) lines.push(`  … what happened before: agentmesh log --thread ${message.threadId}`);
    for (const entry of delivery.timeline) lines.push(`  ${timelineLine(entry)}`);
    if (delivery.answer) lines.push(answerText(delivery.answer, plainLine(message.from.name)));
    if (delivery.outlook) {
      lines.push(
        style("bold", sentence(`  ${plainLine(inLocalTime(delivery.outlook.cause), 800)}`, "  ")),
        sentence(`  ${plainLine(inLocalTime(delivery.outlook.remedy), 800)}`, "  "),
      );
    }
  }
  return lines.join("\n");
}

/** What a message answers: `answers cli: “which port?” msg_…`. */
export function questionLine({ from, preview, messageId }: AnsweredQuestion): string {
  return withId(sentence(`answers ${plainLine(from.name)}: ${quoted(preview)}`, "  "), messageId);
}

/** Whether an answer came, and what it says; or from whom it is awaited, until when. */
function answerText({ status, from, dueAt, messageId, acceptedAt, preview, why }: Answer, asker: string): string {
  const name = plainLine(from.name);
  if (status === "came") {
    const at = acceptedAt === undefined ? "" : ` at ${localTime(acceptedAt)}`;
    const said = sentence(`${name} answered${at}: ${quoted(preview ?? "")}`, "  ");
    return withId(style("green", said), messageId ?? "", "  ");
  }
  const due = dueAt === undefined ? "in time" : localTime(dueAt);
  const said = {
    awaited: `An answer of ${name} is awaited until ${due}; nothing came yet.`,
    overdue: `An answer of ${name} is overdue since ${due}. A late one would still come into the inbox of ${asker}.`,
    not_coming:
      why === undefined
        ? `No answer of ${name} will come.`
        : `No answer of ${name} is owed any more: ${plainLine(why)}. A late one would still come into the inbox of ${asker}.`,
  }[status];
  return style("bold", sentence(`  ${said}`, "  "));
}

type Answer = NonNullable<TracedDelivery["answer"]>;

/** One thing that happened, with its local time and the session that did it. */
export function timelineLine(entry: TimelineEntry): string {
  const by = entry.session === undefined ? "" : style("dim", `  ${plainLine(entry.session)}`);
  const event = style(eventStyle(entry.event), pad(entry.event, EVENT_WIDTH));
  return `${localTime(entry.at)}  ${event}  ${detailOf(entry)}${by}`.trimEnd();
}

/** Width of the longest event's name. */
export const EVENT_WIDTH = 11;
