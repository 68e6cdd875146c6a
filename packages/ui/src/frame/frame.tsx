/** The frame of every view: the menu, the line that says how fresh the page is, and the view itself. */
import type { ComponentChildren } from "preact";
import { pointedAt } from "../acts/act.tsx";
import { AgentsView } from "../agents/agents-view.tsx";
import { ConversationsView } from "../conversations/conversations-view.tsx";
import { FlowView } from "../flow/flow-view.tsx";
import { HealthView } from "../log/health-view.tsx";
import { LogView } from "../log/log-view.tsx";
import { MessageView } from "../message/message-view.tsx";
import { NeedsView } from "../needs/needs-view.tsx";
import { connection, needsInAll, needsInWords } from "../state/mesh.ts";
import { address } from "./address.ts";
import { paletteOpen } from "./keys.ts";
import { notifies, switchNotices } from "./notice.ts";
import { Palette } from "./palette.tsx";
import { To } from "./parts.tsx";
import { type View, views } from "./paths.ts";
import { ownSignIn, signedOutWhy, signOut } from "./sign-in.ts";
import { nextTheme, theme } from "./theme.ts";
import { clock } from "./time.ts";
import { titles } from "./titles.ts";

/** All that is seen. */
export function Frame() {
  if (ownSignIn.value === undefined) return <SignedOut />;
  const { view, of } = address.value;
  return (
    <div class="frame">
      <a class="skip" href="#view">
        To the view
      </a>
      <nav aria-label="Views">
        <strong class="brand">agentmesh</strong>
        {views.map((each, at) => (
          <To key={each} to={{ view: each }} current={each === view} title={`${titles[each]} (${at + 1})`}>
            {titles[each]}
            {each === "needs" && <NeedCount />}
          </To>
        ))}
        <Tools />
      </nav>
      <div class="beside">
        <Connection />
        <main id="view" key={view} data-view={view}>
          <Shown view={view} of={of} />
        </main>
        <CommandLine />
      </div>
      {paletteOpen.value && <Palette />}
    </div>
  );
}

/** How many there are; a part of its own, so that a change draws no more than the number. */
function NeedCount() {
  return needsInAll.value > 0 ? <b class="count">{needsInWords.value}</b> : null;
}

function Shown({ view, of }: { view: View; of: string | undefined }): ComponentChildren {
  switch (view) {
    case "needs":
      return <NeedsView />;
    case "agents":
      return <AgentsView of={of} />;
    case "flow":
      return <FlowView />;
    case "conversations":
      return <ConversationsView of={of} />;
    case "message":
      return <MessageView id={of ?? ""} key={of} />;
    case "log":
      return <LogView />;
    case "health":
      return <HealthView />;
  }
}

function Tools() {
  const { readOnly, person } = ownSignIn.value ?? {};
  return (
    <div class="tools">
      <button
        type="button"
        onClick={() => {
          paletteOpen.value = true;
        }}
      >
        Go to… <kbd>Ctrl K</kbd>
      </button>
      <button type="button" onClick={nextTheme}>
        Theme: {theme.value}
      </button>
      <button type="button" aria-pressed={notifies.value} onClick={switchNotices}>
        Notify: {notifies.value ? "on" : "off"}
      </button>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
      <p class="who">{readOnly ? "looks only" : person ? `writes as ${person.name}` : "writes as nobody"}</p>
    </div>
  );
}

/** Says when what is shown is not what is: never a stale number without this line. */
function Connection() {
  const { state, heardAt, why } = connection.value;
  if (state === "live") return <div class="connection" role="status" />;
  const last = heardAt === undefined ? "no data yet" : `last data ${clock(heardAt)}`;
  if (state === "asked") {
    return (
      <div class="connection asked" role="status">
        no events come through, asks instead
        <small> (something on the way holds the stream back, as a proxy that buffers does)</small>
      </div>
    );
  }
  return (
    <div class={`connection ${state}`} role="status">
      {state === "lost" ? `reconnecting, ${last}` : "connecting"}
      {why !== undefined && <small> ({why})</small>}
    </div>
  );
}

/** The command line of the button that is pointed at. */
function CommandLine() {
  return (
    <div class="command-line" aria-hidden="true">
      {pointedAt.value === undefined ? (
        <span>
          <kbd>j</kbd> <kbd>k</kbd> <kbd>↵</kbd> rows · <kbd>/</kbd> filter · <kbd>esc</kbd> back · <kbd>Ctrl K</kbd> go
          to
        </span>
      ) : (
        <code>$ {pointedAt.value}</code>
      )}
    </div>
  );
}

function SignedOut() {
  return (
    <main class="signed-out">
      <h1>agentmesh</h1>
      {signedOutWhy.value === undefined ? (
        <p>Signing in…</p>
      ) : (
        <>
          <p role="alert">{signedOutWhy.value}</p>
          <p>
            Open the page anew, on a terminal: <code>agentmesh ui</code>
          </p>
        </>
      )}
    </main>
  );
}
