/** Writing as the person: a message, a question, an answer, or something published. */
import { useSignal } from "@preact/signals";
import { Act } from "../acts/act.tsx";
import { saying, withUrgency } from "../acts/command-lines.ts";
import { reply, send } from "../acts/remedies.ts";
import { act } from "../frame/calls.ts";
import { ownSignIn } from "../frame/sign-in.ts";

/** Where it goes: to an agent, on a topic, or as the answer to a message. */
type WriteProps =
  | { readonly to: string }
  | { readonly topic: string }
  | { readonly answers: string; readonly who: string };

/** The field and its buttons. */
export function Write(props: WriteProps) {
  const text = useSignal("");
  const urgent = useSignal(false);
  if (!ownSignIn.value?.person) return null;
  const { value: body } = text;
  const empty = body.trim() === "";
  const urgency = urgent.value ? "interrupt" : "normal";
  const whom = "to" in props ? props.to : "topic" in props ? props.topic : props.who;
  const clear = () => {
    text.value = "";
  };
  const key = () => crypto.randomUUID();
  return (
    <div class="write">
      <textarea
        rows={2}
        aria-label={`Message to ${whom}`}
        placeholder={`${"topic" in props ? "publish on" : "write to"} ${whom} as ${ownSignIn.value.person.name}`}
        value={body}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <div class="acts">
        {"to" in props && (
          <>
            <Act
              command={saying(withUrgency(`send ${props.to}`, urgency), body)}
              run={() => send(props.to, body, { urgency }).then(clear)}
              disabled={empty}
              done="Sent"
              main
            >
              Send
            </Act>
            <Act
              // `agentmesh ask` knows no urgency.
              command={urgent.value ? undefined : saying(`ask ${props.to}`, body)}
              run={() =>
                act("POST", "/v1/asks", { to: props.to, body, urgency, waitMs: 0, idempotencyKey: key() }).then(clear)
              }
              disabled={empty}
              done="Asked"
            >
              Ask
            </Act>
          </>
        )}
        {"topic" in props && (
          <Act
            command={saying(withUrgency(`publish ${props.topic}`, urgency), body)}
            run={() =>
              act("POST", `/v1/topics/${props.topic}/messages`, { body, urgency, idempotencyKey: key() }).then(clear)
            }
            disabled={empty}
            done="Published"
            main
          >
            Publish
          </Act>
        )}
        {"answers" in props && (
          <Act
            command={saying(`reply ${props.answers}`, body)}
            run={() => reply(props.answers, body).then(clear)}
            disabled={empty}
            done="Answered"
            main
          >
            Answer {props.who}
          </Act>
        )}
        {!("answers" in props) && (
          <label>
            <input
              type="checkbox"
              checked={urgent.value}
              onChange={({ currentTarget }) => {
                urgent.value = currentTarget.checked;
              }}
            />{" "}
            interrupt
          </label>
        )}
      </div>
    </div>
  );
}
