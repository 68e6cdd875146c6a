/** One thing that needs a person: what it is, since when, in the words of whoever is stuck, and the buttons that end it. */
import type { Need } from "@agentmesh/protocol";
import { askingAgainText, countedTo, MAX_NEEDS_OF_A_KIND, plainLine } from "@agentmesh/protocol/shown";
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Act } from "../acts/act.tsx";
import { DeadButtons, HeldButtons, Ping, TestWebhook, Waive } from "../acts/buttons.tsx";
import { saying } from "../acts/command-lines.ts";
import { reply, send } from "../acts/remedies.ts";
import { goTo } from "../frame/address.ts";
import { rowOf } from "../frame/keys.ts";
import { Age, MessageLink, Name, Words } from "../frame/parts.tsx";
import { ownSignIn } from "../frame/sign-in.ts";
import { kindWord } from "./kind-words.ts";

/** The row. */
export function NeedRow({ need }: { need: Need }) {
  const { kind, since } = need;
  return (
    <li class={`need ${kind}`} data-kind={kind} {...rowOf(() => open(need))}>
      <span class="need-kind">{kindWord(kind)}</span>
      <div class="need-what">
        <p>
          <What need={need} />
        </p>
        {need.messageId !== undefined && (
          <MessageLink id={need.messageId}>
            <Words of={need.preview ?? ""} />
          </MessageLink>
        )}
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

function open({ kind, messageId, agent, from }: Need): void {
  if (messageId !== undefined) goTo({ view: "message", of: messageId });
  else if (kind === "deadlock" || kind === "loop") goTo({ view: "conversations", of: `with/${from?.name ?? ""}` });
  else if (agent) goTo({ view: "agents", of: agent.name });
  else goTo({ view: "health" });
}

function What({ need: { kind, agent, from, why, count = 1, path } }: { need: Need }): ComponentChildren {
  const [one, other] = [from && <Name name={from.name} />, agent && <Name name={agent.name} />];
  const often = count > 1 ? `, ${count} times` : "";
  switch (kind) {
    case "question":
      return [one, " waits for an answer of ", other];
    case "overdue":
      return [one, " waits for an answer that is owed by ", other];
    case "held":
      return [one, " to ", other, ", held by its policy"];
    case "dead":
      return [
        count > 1 && <b>{countedTo(MAX_NEEDS_OF_A_KIND, count)} messages, the first of </b>,
        one,
        " to ",
        other,
        ": ",
        <Words key="why" of={why} max={120} />,
      ];
    case "deadlock":
      return [one, " asked ", other, `, which waits for it: refused${often}`];
    case "loop":
      return [one, " to ", other, `, refused${often}: ${plainLine(why)}`];
    case "disk":
      return `The broker takes nothing new: ${why}`;
    default:
      return [other, path === undefined ? "" : ` ${path}`, `: ${plainLine(why)}`];
  }
}

function Remedy({ need }: { need: Need }): ComponentChildren {
  const { kind, agent, from, messageId, deliveries = [], count, remedies } = need;
  const [first] = remedies;
  if (!agent) return null;
  switch (kind) {
    case "question":
      return agent.id === ownSignIn.value?.person?.id && messageId !== undefined ? (
        <Answer id={messageId} to={from?.name ?? ""} />
      ) : (
        <small>not asked of you here</small>
      );
    case "overdue": {
      const text = askingAgainText(from?.name ?? "", messageId ?? "");
      return (
        <>
          <Act command={first?.command} run={() => send(agent.name, text)} done="Asked" main writes>
            Ask {agent.name} again
          </Act>
          {from && messageId !== undefined && <Waive id={messageId} from={from.name} to={agent.name} />}
        </>
      );
    }
    case "held":
      return deliveries.map((id) => <HeldButtons key={id} id={id} from={from?.name ?? ""} to={agent.name} />);
    case "dead": {
      const isGone = remedies.every(({ act }) => act !== "redrive");
      return <DeadButtons ids={deliveries} to={agent.name} all={count} isGone={isGone} />;
    }
    case "webhook":
      return <TestWebhook id={agent.id} name={agent.name} main />;
    case "push":
    case "backlog":
      return <Ping name={agent.name} main={false} />;
    case "loop":
    case "deadlock":
      return <Look to={from?.name ?? ""} between />;
    default:
      return <Look to={agent.name} />;
  }
}

function Look({ to, between }: { to: string; between?: boolean }) {
  const go = () => goTo(between ? { view: "conversations", of: `with/${to}` } : { view: "agents", of: to });
  return (
    <button type="button" class="go" onClick={go}>
      Look into it
    </button>
  );
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
