/** Buttons that stand in several rooms: for dead letters, held mail, an answer that is owed, a webhook, a ping. */
import type { InboxEntry } from "@agentmesh/protocol";
import { countedTo, forEach, MAX_NEEDS_OF_A_KIND, pingText } from "@agentmesh/protocol/shown";
import { goTo } from "../frame/address.ts";
import { ownSignIn } from "../frame/sign-in.ts";
import { Act } from "./act.tsx";
import { dismissing } from "./command-lines.ts";
import { admit, dismiss, redrive, refuse, send, testWebhook, waive } from "./remedies.ts";

/** What the buttons of dead letters need. */
interface DeadProps {
  readonly ids: readonly string[];
  readonly to: string;
  /** How many there are of this kind, where that is more. */
  readonly all?: number | undefined;
  /** Their agent has left: they cannot be put back. */
  readonly isGone?: boolean;
}

/** Ends dead letters of one inbox: back into it, or off the list. */
export function DeadButtons({ ids, to, all = ids.length, isGone = false }: DeadProps) {
  const one = ids.length === 1;
  const many = all > ids.length ? `${ids.length} of ${countedTo(MAX_NEEDS_OF_A_KIND, all)}` : `${ids.length}`;
  return (
    <>
      {!isGone && (
        <Act command={forEach(ids, (id) => `agentmesh redrive ${id}`)} run={() => redrive(ids)} done="Redriven" main>
          {one ? "Redrive" : `Redrive ${many}`}
        </Act>
      )}
      <Act
        command={dismissing(ids)}
        run={() => dismiss(ids)}
        done="Dismissed"
        main={isGone}
        confirm={`Dismiss ${one ? "1 dead letter" : `${ids.length} dead letters`} to ${to}?`}
      >
        {one ? "Dismiss" : `Dismiss ${many}`}
      </Act>
    </>
  );
}

/** Decides on a held delivery. */
export function HeldButtons({ id, from, to }: { id: InboxEntry["id"]; from: string; to: string }) {
  return (
    <>
      <Act command={`agentmesh admit ${id}`} run={() => admit(id)} done="Admitted" main>
        Admit
      </Act>
      <Act
        command={`agentmesh refuse ${id}`}
        run={() => refuse(id)}
        done="Refused"
        confirm={`Refuse 1 message of ${from} to ${to}?`}
      >
        Refuse
      </Act>
    </>
  );
}

/** Has nobody owe the answer to a question any more. */
export function Waive({ id, from, to }: { id: string; from: string; to: string }) {
  return (
    <Act
      command={`agentmesh waive ${id}`}
      run={() => waive(id)}
      done="Waived"
      confirm={`Have ${to} owe ${from} no answer any more?`}
    >
      Need no answer
    </Act>
  );
}

/** Has a test event posted to an agent's webhook. */
export function TestWebhook({ id, name, main = false }: { id: string; name: string; main?: boolean }) {
  return (
    <Act command={`agentmesh webhook test ${name}`} run={() => testWebhook(id)} done="Tested" main={main}>
      Test now
    </Act>
  );
}

/** After this a ping is given to nobody any more. */
const PING_LIFE_MS = 70_000;

/** Sends a message that asks for a word, and shows what becomes of it. */
export function Ping({ name, main = true }: { name: string; main?: boolean }) {
  const ping = async () => {
    const body = pingText(ownSignIn.value?.person?.name ?? "");
    const { messageId } = await send(name, body, { ttlMs: PING_LIFE_MS });
    goTo({ view: "message", of: messageId });
  };
  return (
    <Act command={`agentmesh ping ${name}`} run={ping} main={main} writes>
      Ping
    </Act>
  );
}
