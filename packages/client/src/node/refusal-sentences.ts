/** Refusals of this machine's system, in sentences that say whose a file is. */
import fs from "node:fs";
import { type Machine, type SaidOf, type SystemRefusal, systemReason, systemSentences } from "@agentmesh/protocol";

/** The refusal as sentences; of a file with its owner, and with the command that mends it. */
export function refusalSentences(refusal: SystemRefusal, given: Omit<SaidOf, "machine"> = {}): string {
  return systemSentences(refusal, { ...given, machine: machine() });
}

/** Cause and remedy alone, for sentences that begin otherwise. */
export function refusalReason(
  refusal: SystemRefusal,
  given: Omit<SaidOf, "machine"> = {},
): Pick<SystemRefusal, "cause" | "remedy"> {
  return systemReason(refusal, { ...given, machine: machine() });
}

function machine(): Machine {
  return { fs, uid: process.geteuid?.() };
}
