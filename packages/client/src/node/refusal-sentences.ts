/** Refusals of this machine's system, in sentences that say whose a file is. */
import fs from "node:fs";
import { refusalsOn } from "@agentmesh/protocol";

/** What is said of refusals here. */
export const refusals = refusalsOn({
  fs,
  get uid() {
    return process.geteuid?.();
  },
});

/** The refusal as sentences; of a file with its owner, and with the command that mends it. */
export const refusalSentences = refusals.sentences;

/** Cause and remedy alone, for sentences that begin otherwise. */
export const refusalReason = refusals.reason;
