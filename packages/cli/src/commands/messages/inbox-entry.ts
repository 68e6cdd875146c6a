/** A delivery of an inbox in words. */
import { type InboxEntry, plainLine, quotedUnlessWord } from "@agentmesh/protocol";
import { bodyText, stateStyle, trustWords } from "../../describe.ts";
import { brokerNow, since, until } from "../../terminal/clock.ts";
import { indented, style, withId } from "../../terminal/output.ts";
import { questionLine } from "../../timeline.ts";

/** All of it: who sent what and when, and how it stands. */
export function whole(entry: InboxEntry): string {
  const { message, question, seq, attempt, state } = entry;
  const told = trustWords(entry.trust, message);
  const facts = [
    style(stateStyle[state], plainLine(stateOf(entry))),
    ...(told === "" ? [] : [told]),
    ...(attempt > 0 ? [`attempt ${attempt}`] : []),
    `${since(message.acceptedAt)} ago`,
  ];
  const heading = style("bold", `#${seq} from ${plainLine(message.from.name)}`);
  return `${withId(`${heading}  ${facts.join(" · ")}`, message.id)}${question ? `\n${style("dim", questionLine(question))}` : ""}\n${indented(bodyText(message))}`;
}

/** Its state and until when that lasts, or why it is so. */
export function stateOf({ state, readyAt, postAt, leaseEndsAt, reason }: InboxEntry): string {
  if (state === "leased" && leaseEndsAt !== undefined) return `leased, ${until(leaseEndsAt)} left`;
  if (state === "queued" && readyAt !== undefined && Date.parse(readyAt) > brokerNow())
    return `queued, again in ${until(readyAt)}`;
  if (state === "queued" && postAt !== undefined && Date.parse(postAt) > brokerNow())
    return `queued, posted again in ${until(postAt)}`;
  return (state === "dead" || state === "expired") && reason !== undefined
    ? `${state}: ${quotedUnlessWord(reason)}`
    : state;
}
