/** One conversation, or what was published on a topic: each message with its state, and a field to write. */
import type { HistoryEntry } from "@agentmesh/protocol";
import { useEffect, useRef } from "preact/hooks";
import { goTo } from "../frame/address.ts";
import { rowOf } from "../frame/keys.ts";
import { Age, MessageLink, Name, Nothing, State } from "../frame/parts.tsx";
import { ownSignIn } from "../frame/sign-in.ts";
import { useMessages } from "./messages.ts";
import { Markdown } from "./text.tsx";
import { asMarkdown } from "./threads.ts";
import { Write } from "./write.tsx";

/** The conversation. */
export function Talk({ of }: { of: string }) {
  const topic = of.startsWith("topic/") ? of.slice("topic/".length) : undefined;
  const found = useMessages(topic === undefined ? { thread: of } : { topic });
  const entries = found.entries.value.toReversed();
  const end = useRef<HTMLDivElement>(null);
  const newest = entries.at(-1)?.message.id;
  useEffect(() => {
    if (newest !== undefined) end.current?.scrollIntoView({ block: "end" });
  }, [newest]);
  const me = ownSignIn.value?.person?.id;
  // Only who got a message answers it.
  const answerable = entries.findLast(
    ({ message, deliveries }) => message.kind === "message" && deliveries.some(({ to }) => to.id === me),
  );
  return (
    <aside class="panel" aria-label={topic ?? "Conversation"}>
      <header>
        <h2>{topic ?? "Conversation"}</h2>
        <button
          type="button"
          class="go"
          onClick={() => void navigator.clipboard?.writeText(asMarkdown(entries))}
          title="Copy the conversation as Markdown"
        >
          Copy
        </button>
        <button
          type="button"
          class="close"
          aria-label="Close the panel"
          onClick={() => goTo({ view: "conversations" })}
        >
          ×
        </button>
      </header>
      {found.failed.value && <p class="failed">{found.failed.value}</p>}
      {found.older.value !== undefined && (
        <button type="button" class="go" onClick={found.more}>
          Older messages
        </button>
      )}
      {found.looked.value && entries.length === 0 && <Nothing>Nothing is kept of it.</Nothing>}
      {entries.map((entry) => (
        <Said entry={entry} key={entry.message.id} mine={entry.message.from.id === me} />
      ))}
      <div ref={end} />
      {topic !== undefined ? (
        <Write topic={topic} />
      ) : (
        answerable && (
          <Write answers={answerable.message.id} who={answerable.message.from.name} key={answerable.message.id} />
        )
      )}
    </aside>
  );
}

function Said({ entry: { message, deliveries, moreDeliveries }, mine }: { entry: HistoryEntry; mine: boolean }) {
  const worst = deliveries.find(({ state }) => state !== "acked") ?? deliveries[0];
  return (
    <article class={mine ? "said mine" : "said"} {...rowOf(() => goTo({ view: "message", of: message.id }))}>
      <header>
        <Name name={message.from.name} plain /> <small>to {message.topic ?? message.to}</small>
        <span>
          {worst && <State of={worst.state} />}
          {deliveries.length > 1 && (
            <small>
              {" "}
              of {deliveries.length}
              {moreDeliveries ? "+" : ""}
            </small>
          )}{" "}
          <MessageLink id={message.id}>
            <Age at={message.acceptedAt} />
          </MessageLink>
        </span>
      </header>
      {message.damaged ? <Nothing>damaged on disk</Nothing> : <Markdown text={message.body} />}
    </article>
  );
}
