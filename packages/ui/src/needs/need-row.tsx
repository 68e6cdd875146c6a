/** One thing that needs a person: what it is, since when, in the words of whoever is stuck, and the buttons that end it. */
import { plainLine } from "@agentmesh/protocol/shown";
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Act } from "../frame/act.tsx";
import { goTo } from "../frame/address.ts";
import { DeadButtons, HeldButtons, Ping, TestWebhook } from "../frame/buttons.tsx";
import { saying } from "../frame/command-lines.ts";
import { rowOf } from "../frame/keys.ts";
import { Age, MessageLink, Name, Words } from "../frame/parts.tsx";
import { reply, send } from "../frame/remedies.ts";
import { kindWords } from "./kind-words.ts";
import type { Need } from "./needs.ts";

/** The row. */
export function NeedRow({ need }: { need: Need }) {
  const { kind, since } = need;
  return (
    <li class={`need ${kind}`} data-kind={kind} {...rowOf(() => open(need))}>
      <span class="need-kind">{kindWords[kind]}</span>
      <div class="need-what">
        <What need={need} />
      </div>
      <span class="need-age">
        <Age at={since} />
      </span>
      <div class="need-acts">
        <Remedy need={need} />
      </div>
    </li>
  );
}

function open(need: Need): void {
  if (need.kind === "question" || need.kind === "overdue") goTo({ view: "message", of: need.ask.messageId });
  else if (need.kind === "held") goTo({ view: "message", of: need.entry.message.id });
  else if (need.kind === "dead") goTo({ view: "message", of: need.entries[0]?.message.id ?? "" });
  else if (need.kind === "disk") goTo({ view: "health" });
  else goTo({ view: "agents", of: need.agent.name });
}

function What({ need }: { need: Need }): ComponentChildren {
  switch (need.kind) {
    case "question":
    case "overdue":
      return (
        <>
          <p>
            <Name name={need.ask.from.name} />{" "}
            {need.kind === "question" ? "waits for an answer of" : "waits for an answer that is owed by"}{" "}
            <Name name={need.ask.to.name} />
          </p>
          <MessageLink id={need.ask.messageId}>
            <Words of={need.ask.preview} />
          </MessageLink>
        </>
      );
    case "held":
      return (
        <>
          <p>
            <Name name={need.entry.message.from.name} /> to <Name name={need.entry.to.name} />, held by its policy
          </p>
          <MessageLink id={need.entry.message.id}>
            <Words of={need.entry.message.body} />
          </MessageLink>
        </>
      );
    case "dead": {
      const [first] = need.entries;
      if (!first) return null;
      const many = need.entries.length;
      const from = [...new Set(need.entries.map(({ message }) => message.from.name))];
      return (
        <>
          <p>
            {many > 1 && <b>{many} messages</b>}{" "}
            {from.slice(0, 3).map((name) => [<Name name={name} key={name} />, " "])}
            {from.length > 3 && `and ${from.length - 3} more `}to <Name name={first.to.name} />
            {": "}
            <Words of={need.reason} max={120} />
          </p>
          <MessageLink id={first.message.id}>
            <Words of={first.message.body} />
          </MessageLink>
        </>
      );
    }
    case "disk":
      return <p>The broker takes nothing new: {need.why}</p>;
    default:
      return (
        <p>
          <Name name={need.agent.name} />
          {"path" in need && ` ${need.path}`}: {plainLine(need.why)}
        </p>
      );
  }
}

function Remedy({ need }: { need: Need }): ComponentChildren {
  switch (need.kind) {
    case "question":
      return need.mine ? (
        <Answer id={need.ask.messageId} to={need.ask.from.name} />
      ) : (
        <small>not asked of you here</small>
      );
    case "overdue": {
      const { to, from, messageId } = need.ask;
      const text = `${from.name} still waits for your answer to ${messageId}.`;
      return (
        <Act command={saying(`send ${to.name}`, text)} run={() => send(to.name, text)} done="Asked" main writes>
          Ask {to.name} again
        </Act>
      );
    }
    case "held": {
      const { id, message, to } = need.entry;
      return <HeldButtons id={id} from={message.from.name} to={to.name} />;
    }
    case "dead":
      return <DeadButtons ids={need.entries.map(({ id }) => id)} to={need.entries[0]?.to.name ?? ""} />;
    case "webhook":
      return <TestWebhook id={need.agent.id} name={need.agent.name} main />;
    case "push":
    case "backlog":
      return <Ping name={need.agent.name} main={false} />;
    case "mail":
    case "nearly_full":
      return (
        <button type="button" class="go" onClick={() => goTo({ view: "agents", of: need.agent.name })}>
          Look into it
        </button>
      );
    case "disk":
      return null;
  }
}

/** The answer to a question, in the row. */
export function Answer({ id, to }: { id: string; to: string }) {
  const text = useSignal("");
  const say = (body: string) => reply(id, body);
  return (
    <div class="answer">
      <textarea
        rows={1}
        aria-label={`Answer to ${to}`}
        placeholder={`answer ${to}`}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <Act
        command={saying(`reply ${id}`, text.value)}
        run={() =>
          say(text.value).then(() => {
            text.value = "";
          })
        }
        disabled={text.value.trim() === ""}
        done="Answered"
        main
        writes
      >
        Answer
      </Act>
      <Act command={saying(`reply ${id}`, "Yes.")} run={() => say("Yes.")} done="Answered" writes>
        Yes
      </Act>
      <Act command={saying(`reply ${id}`, "No.")} run={() => say("No.")} done="Answered" writes>
        No
      </Act>
    </div>
  );
}
