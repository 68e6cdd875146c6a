/** One message with everything that happened to it. */
import { type MessageStatus, plainLine, type TimelineEntry } from "@agentmesh/protocol";
import { detailOf, eventStyle, stateStyle } from "./describe.ts";
import { since, until } from "./duration.ts";
import { indented, style } from "./output.ts";
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
    style("dim", facts.join(" · ")),
    "",
    indented(message.body),
  ];
  for (const delivery of deliveries) {
    const holder = delivery.holder === undefined ? "" : ` by ${plainLine(delivery.holder)}`;
    const left = delivery.leaseEndsAt === undefined ? "" : `, lease ends in ${until(delivery.leaseEndsAt)}`;
    const state = style(stateStyle[delivery.state], delivery.state);
    lines.push(
      "",
      `#${delivery.seq} for ${plainLine(delivery.to.name)}: ${state}${holder}${left}  ${style("dim", delivery.id)}`,
    );
    if (delivery.earlierSteps) lines.push(`  … what happened before: agentmesh log --thread ${message.threadId}`);
    for (const entry of delivery.timeline) lines.push(`  ${timelineLine(entry)}`);
    if (delivery.outlook) {
      lines.push(
        `  ${style("bold", plainLine(delivery.outlook.cause, 800))}`,
        `  ${plainLine(delivery.outlook.remedy, 800)}`,
      );
    }
  }
  return lines.join("\n");
}

/** One thing that happened, with its local time and the session that did it. */
export function timelineLine(entry: TimelineEntry): string {
  const by = entry.session === undefined ? "" : style("dim", `  ${plainLine(entry.session)}`);
  const event = style(eventStyle(entry.event), pad(entry.event, EVENT_WIDTH));
  return `${clockTime(entry.at)}  ${event}  ${detailOf(entry)}${by}`.trimEnd();
}

/** Width of the longest event's name. */
export const EVENT_WIDTH = 11;

/** Local time of day with milliseconds: `13:29:33.966`. */
export function clockTime(at: string): string {
  const time = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** Local date: `2026-11-22`. */
export function localDate(at: string): string {
  const time = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
