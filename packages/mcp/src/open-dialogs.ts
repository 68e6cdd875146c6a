/** The dialog that the client's session stands at, told to the mesh until something shows that a person has answered. */
import type { MeshSession, OpenDialog } from "@agentmesh/client";
import type { ClientSession } from "./client/client-session.ts";
import type { Log } from "./log.ts";

/** How often the transcript is looked at meanwhile: who refuses a tool, or stops the model, ends it and runs no hook. */
const LOOK_MS = 1_000;

/** What is told, and by what it is seen to be over. */
export interface OpenDialogsParts {
  readonly session: ClientSession;
  readonly mesh: MeshSession;
  readonly log: Log;
  /** Looks into the transcript now. */
  look(): void;
  /** Aborts when the session is left, or leaves this agent. */
  readonly left: AbortSignal;
}

/** Tells the mesh of each dialog of a session that begins or is over, until the session is left. */
export function tellDialogs({ session, mesh, log, look, left }: OpenDialogsParts): void {
  let told: OpenDialog | undefined;
  let looking: NodeJS.Timeout | undefined;
  const changed = () => {
    if (left.aborted) return;
    const { dialog: open, turnOpen } = session.facts;
    const dialog = open ?? undefined;
    // Copilot tells of a dialog in its transcript alone.
    const looks = dialog !== undefined || (session.kind === "copilot" && turnOpen === true);
    if (!looks) looking = void clearInterval(looking);
    else looking ??= setInterval(look, LOOK_MS).unref();
    if (dialog === told) return;
    told = dialog;
    log.debug("dialog.changed", { about: dialog?.about ?? "none" });
    mesh.setDialog(dialog).catch((error: unknown) => log.debug("dialog.untold", { error }));
  };
  const stop = session.onLearnt(changed);
  left.addEventListener(
    "abort",
    () => {
      stop();
      clearInterval(looking);
    },
    { once: true },
  );
  changed();
}
