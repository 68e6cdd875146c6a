/** One message with everything that happened to it. */
import { type MessageStatus, plainLine, type TimelineEntry } from "@agentmesh/protocol";
import { inLocalTime, localTime, since, until } from "./clock.ts";
import { bodyText, detailOf, eventStyle, stateStyle } from "./describe.ts";
import { indented, sentence, style, withId } from "./output.ts";
import { pad } from "./text-width.ts";

/** Envelope, body and, per recipient, the timeline. */
export function messageText({ message, deliveries }: MessageStatus): string {
  const facts = [
    `${since(message.acceptedAt)} ago`,
    `${message.bodyBytes} bytes`,
    Date.parse(message.expiresAt) > Date.now() ? `expires in ${until(message.expiresAt)}` : "past its life",
    message.threadId,
    ...(message.inReplyTo === undefined ? [] : [`answers ${message.inReplyTo}`]),
  ];
  const lines = [
    `${style("bold", message.id)}  ${plainLine(message.from.name)} → ${plainLine(message.to)}`,
    style("dim", sentence(facts.join(" · "))),
    "",
    indented(bodyText(message)),
  ];
  for (const delivery of deliveries) {
    const holder = delivery.holder === undefined ? "" : ` by ${plainLine(delivery.holder)}`;
    const left = delivery.leaseEndsAt === undefined ? "" : `, lease ends in ${until(delivery.leaseEndsAt)}`;
    const state = style(stateStyle[delivery.state], delivery.state);
    lines.push(
      "",
      withId(`#${delivery.seq} for ${plainLine(delivery.to.name)}: ${state}${holder}${left}`, delivery.id, "  "),
    );
    if (delivery.earlierSteps) lines.push(`  … what happened before: agentmesh log --thread ${message.threadId}`);
    for (const entry of delivery.timeline) lines.push(`  ${timelineLine(entry)}`);
    if (delivery.outlook) {
      lines.push(
        style("bold", sentence(`  ${plainLine(inLocalTime(delivery.outlook.cause), 800)}`, "  ")),
        sentence(`  ${plainLine(inLocalTime(delivery.outlook.remedy), 800)}`, "  "),
      );
    }
  }
  return lines.join("\n");
}

/** One thing that happened, with its local time and the session that did it. */
export function timelineLine(entry: TimelineEntry): string {
  const by = entry.session === undefined ? "" : style("dim", `  ${plainLine(entry.session)}`);
  const event = style(eventStyle(entry.event), pad(entry.event, EVENT_WIDTH));
  return `${localTime(entry.at)}  ${event}  ${detailOf(entry)}${by}`.trimEnd();
}

/** Width of the longest event's name. */
export const EVENT_WIDTH = 11;
