/** A message: what became of it for each recipient, why it is not acked and what can be done, and as a model is shown it. */
import type { MessageStatus, TracedDelivery } from "@agentmesh/protocol";
import { plainLine, renderDelivery, withTimes } from "@agentmesh/protocol/shown";
import { type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Act } from "../acts/act.tsx";
import { DeadButtons, HeldButtons, Waive } from "../acts/buttons.tsx";
import { saying, withUrgency } from "../acts/command-lines.ts";
import { send } from "../acts/remedies.ts";
import { Markdown } from "../conversations/text.tsx";
import { goTo } from "../frame/address.ts";
import { act, look } from "../frame/calls.ts";
import { Age, Head, MessageLink, Name, Nothing, State, To, Words } from "../frame/parts.tsx";
import { ownSignIn } from "../frame/sign-in.ts";
import { useTimed } from "../frame/ticking.ts";
import { clock, exactly, now } from "../frame/time.ts";
import { Answer } from "../needs/need-row.tsx";
import { events } from "../state/mesh.ts";
import { Waterfall } from "./picture.tsx";
import { extentOf, isOver, spansOf } from "./waterfall.ts";

/** The view. */
export function MessageView({ id }: { id: string }) {
  const status = useSignal<MessageStatus | undefined>(undefined);
  const failed = useSignal("");
  const mark = useComputed(() => {
    const message = status.value?.message.id;
    const last = events.value.findLast(
      (event) =>
        "messageId" in event && (event.messageId === message || event.threadId === status.value?.message.threadId),
    );
    return last?.cursor;
  });
  useEffect(() => {
    look<MessageStatus>(`/v1/messages/${encodeURIComponent(id)}`).then(
      (found) => {
        status.value = found;
        failed.value = "";
      },
      (error: unknown) => {
        failed.value = error instanceof Error ? error.message : String(error);
      },
    );
  }, [id, mark.value, status, failed]);
  const found = status.value;
  if (!found) return <Head title="Message" note={failed.value || "Looking…"} />;
  return <Trace status={found} />;
}

function Trace({ status: { message, question, deliveries, nextAfter } }: { status: MessageStatus }) {
  // What is over is drawn once, and what goes on with the clock: the rest of the view stands still.
  const drawn = useTimed(
    () => deliveries.map(({ timeline }) => spansOf(timeline, isOver(timeline) ? 0 : now.value)),
    [deliveries],
  );
  const { person } = ownSignIn.value ?? {};
  const mine = deliveries.find(({ to, state }) => to.id === person?.id && (state === "queued" || state === "leased"));
  const again = message.topic === undefined ? message.to : undefined;
  return (
    <article class="message">
      <Head title={message.kind === "message" ? "Message" : `Notice: ${message.kind}`} note={<code>{message.id}</code>}>
        <To to={{ view: "conversations", of: message.threadId }} class="go">
          Its conversation
        </To>
      </Head>
      <p class="line">
        <Name name={message.from.name} /> to {message.topic ? <code>{message.topic}</code> : <Name name={message.to} />}{" "}
        · {clock(message.acceptedAt)} (<Age at={message.acceptedAt} />)
        {message.urgency !== "normal" && <small class="chip">{message.urgency}</small>}
        {message.trust === "unverified" && <small class="chip">unverified</small>}
        {message.answerWaivedAt !== undefined ? (
          <small class="chip">answer waived {clock(message.answerWaivedAt)}</small>
        ) : (
          message.answerBy !== undefined && <small class="chip">answer by {clock(message.answerBy)}</small>
        )}
        {message.hops > 0 && <small> · {message.hops} hops</small>}
      </p>
      {question && (
        <p class="line">
          answers{" "}
          <MessageLink id={question.messageId}>
            <Words of={question.preview} />
          </MessageLink>{" "}
          of <Name name={question.from.name} plain />
        </p>
      )}
      <div class="body">
        {message.damaged ? (
          <Nothing>The body is damaged on disk, and is not shown.</Nothing>
        ) : (
          <Markdown text={message.body} />
        )}
      </div>
      {mine && <Answer id={message.id} to={message.from.name} />}
      <TakeBack message={message} waiting={deliveries.filter(({ state }) => state === "queued").length} />
      {deliveries.map((delivery, at) => (
        <section class="delivery" key={delivery.id} aria-label={`To ${delivery.to.name}`}>
          <h2>
            <Name name={delivery.to.name} /> <State of={delivery.state} />{" "}
            <small>
              #{delivery.seq}, attempt {delivery.attempt}
            </small>
          </h2>
          {delivery.outlook && (
            <p class={delivery.state === "dead" ? "outlook stuck" : "outlook"}>
              {inTimes(delivery.outlook.cause)} <b>{inTimes(delivery.outlook.remedy)}</b>
            </p>
          )}
          <Remedies delivery={delivery} from={message.from.name} />
          <DrawnAlone all={drawn} at={at} of={delivery} />
          <Steps delivery={delivery} />
          {delivery.answer && <AnswerOf answer={delivery.answer} to={message} />}
          <details>
            <summary>As a model is shown it</summary>
            <pre>
              {renderDelivery({
                seq: delivery.seq,
                message,
                trust: delivery.trust,
                redelivered: delivery.attempt > 1,
                question,
              })}
            </pre>
          </details>
        </section>
      ))}
      {deliveries.length === 0 && <Nothing>Nobody was subscribed when it was published.</Nothing>}
      {nextAfter !== undefined && <Nothing>It has more deliveries: agentmesh trace {message.id}</Nothing>}
      {again !== undefined && !message.damaged && (
        <p>
          <Act
            // An agent's words stand in a line only where they are a line, and harmless.
            command={saying(
              withUrgency(`send ${again}`, message.urgency),
              plainLine(message.body, 80) === message.body ? message.body : "",
            )}
            run={() =>
              send(again, message.body, { urgency: message.urgency }).then(({ messageId }) =>
                goTo({ view: "message", of: messageId }),
              )
            }
            writes
          >
            Send again to {again}
          </Act>
        </p>
      )}
    </article>
  );
}

interface DrawnAloneProps {
  readonly all: ReadonlySignal<readonly ReturnType<typeof spansOf>[]>;
  readonly at: number;
  readonly of: TracedDelivery;
}

function DrawnAlone({ all, at, of }: DrawnAloneProps) {
  const own = all.value[at];
  return own ? <Waterfall drawn={own} extent={extentOf(all.value)} of={of} /> : null;
}

function inTimes(sentence: string): string {
  return withTimes(sentence, (at) => clock(at));
}

function Remedies({ delivery: { id, state, to }, from }: { delivery: TracedDelivery; from: string }) {
  if (state !== "dead" && state !== "held") return null;
  return (
    <div class="acts">
      {state === "dead" ? <DeadButtons ids={[id]} to={to.name} /> : <HeldButtons id={id} from={from} to={to.name} />}
    </div>
  );
}

/** Takes the message back from all that were not given it yet: a sender does that with the whole message. */
function TakeBack({ message: { id, from }, waiting }: { message: MessageStatus["message"]; waiting: number }) {
  if (waiting === 0 || from.id !== ownSignIn.value?.person?.id) return null;
  return (
    <div class="acts">
      <Act
        command={`agentmesh cancel ${id}`}
        run={() => act("POST", `/v1/messages/${id}/cancel`)}
        confirm="Take it back from everybody who was not given it yet?"
      >
        Cancel
      </Act>
    </div>
  );
}

function Steps({ delivery: { timeline, earlierSteps } }: { delivery: TracedDelivery }) {
  const began = Date.parse(timeline[0]?.at ?? "");
  return (
    <ol class="steps">
      {earlierSteps && <li>earlier steps are in the log</li>}
      {timeline.map(({ at, event, path, reason, session: by }, n) => (
        <li key={n} class={event}>
          <time dateTime={at}>{exactly(at)}</time>
          <small>+{Date.parse(at) - began} ms</small>
          <b>{event.replace("_", " ")}</b>
          <span>
            {path && `by ${path} `}
            {reason && <Words of={reason} />}
            {by && <small> {by.slice(0, 12)}</small>}
          </span>
        </li>
      ))}
    </ol>
  );
}

interface AnswerProps {
  readonly answer: NonNullable<TracedDelivery["answer"]>;
  /** What it answers. */
  readonly to: MessageStatus["message"];
}

function AnswerOf({ answer: { status, from, dueAt, messageId, preview, why }, to }: AnswerProps) {
  const isOwed = status === "awaited" || status === "overdue";
  return (
    <>
      <p class={status === "overdue" ? "line stuck" : "line"}>
        {status === "came"
          ? "answered by "
          : status === "not_coming"
            ? "no answer will come of "
            : `answer ${status} of `}
        <Name name={from.name} plain />
        {dueAt !== undefined && isOwed && ` until ${clock(dueAt)}`}
        {why !== undefined && `: ${plainLine(why)}`}{" "}
        {messageId !== undefined && (
          <MessageLink id={messageId}>
            <Words of={preview ?? messageId} />
          </MessageLink>
        )}
      </p>
      {isOwed && (
        <div class="acts">
          <Waive id={to.id} from={to.from.name} to={from.name} />
        </div>
      )}
    </>
  );
}
