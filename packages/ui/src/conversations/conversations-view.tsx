/** Conversations: threads and topics with search as you type; one of them beside the list. */
import type { HistoryEntry } from "@agentmesh/protocol";
import { plainLine } from "@agentmesh/protocol/shown";
import { useComputed } from "@preact/signals";
import { address, goTo } from "../frame/address.ts";
import { rowOf } from "../frame/keys.ts";
import { Age, Head, Nothing, Search, State, To } from "../frame/parts.tsx";
import { Rows } from "../frame/rows.tsx";
import { topics } from "../state/mesh.ts";
import { useMessages } from "./messages.ts";
import { Talk } from "./talk.tsx";
import { type Thread, threadsOf } from "./threads.ts";

/** Topics that are named over the list; the palette finds the others. */
const TOPICS = 40;

/** The view. */
export function ConversationsView({ of }: { of: string | undefined }) {
  const query = address.value.query;
  const found = useMessages({ query, ...(of?.startsWith("with/") && { with: of.slice("with/".length) }) });
  const threads = useComputed(() => threadsOf(found.entries.value)).value;
  const opened = of?.startsWith("with/") ? undefined : of;
  return (
    <div class={opened === undefined ? "split" : "split open"}>
      <section class="split-list">
        <Head title="Conversations" note={of?.startsWith("with/") ? `of ${plainLine(of.slice(5), 64)}` : undefined}>
          <Search
            label="Search the messages"
            placeholder='search: words, "a phrase", begin*  /'
            value={query ?? ""}
            onValue={(value) =>
              goTo(
                { view: "conversations", ...(of !== undefined && { of }), ...(value !== "" && { query: value }) },
                true,
              )
            }
          />
        </Head>
        {query === undefined && topics.value.length > 0 && (
          <div class="topics">
            {topics.value.slice(0, TOPICS).map(({ topic, subscribers }) => (
              <To key={topic} to={{ view: "conversations", of: `topic/${topic}` }} title={`${subscribers} subscribed`}>
                {topic}
              </To>
            ))}
            {topics.value.length > TOPICS && (
              <span>
                and {topics.value.length - TOPICS} more: <code>agentmesh topics</code>
              </span>
            )}
          </div>
        )}
        {found.failed.value && <p class="failed">{found.failed.value}</p>}
        {found.looked.value && threads.length === 0 ? (
          <Nothing>{query === undefined ? "Nobody has written yet." : "Nothing was found."}</Nothing>
        ) : (
          <Rows
            of={threads}
            height={58}
            label="Conversations"
            keyOf={({ id }) => id}
            onEnd={found.more}
            row={(thread) => <ThreadRow thread={thread} chosen={thread.id === opened} />}
          />
        )}
      </section>
      {opened !== undefined && <Talk of={opened} key={opened} />}
    </div>
  );
}

function ThreadRow({ thread, chosen }: { thread: Thread; chosen: boolean }) {
  const { id, last, messages, writers, state } = thread;
  const query = address.value.query;
  return (
    <div
      class={chosen ? "thread chosen" : "thread"}
      {...rowOf(() => goTo({ view: "conversations", of: id, ...(query !== undefined && { query }) }))}
    >
      <span class="thread-who">
        <To to={{ view: "conversations", of: id, ...(query !== undefined && { query }) }} class="name">
          {writers.map((name) => plainLine(name, 40)).join(", ")} →{" "}
          {plainLine(last.message.topic ?? last.message.to, 60)}
        </To>
        {messages > 1 && <small> {messages}</small>}
      </span>
      <span class="thread-age">
        {state && state !== "acked" && <State of={state} />} <Age at={last.message.acceptedAt} />
      </span>
      <q class="thread-words">{words(last)}</q>
    </div>
  );
}

function words({ snippet, message }: HistoryEntry): string {
  return plainLine(snippet ?? message.body, 200);
}
