/** What the model is told, once, about whose agent its session is. */
import type { JoinedSession } from "../join.ts";
import type { IdentityKeeper } from "./keeper.ts";
import { waitingBeside } from "./waiting-beside.ts";

/** What there is to tell of a session that has just joined. */
export interface JoinNews {
  /** Name of the agent that the session was before. */
  readonly before: string | undefined;
  readonly keeper: IdentityKeeper;
}

/** The sentences. Never throws. */
export async function wordsAtJoin(
  { mesh, client, notice, over, log }: JoinedSession,
  { before, keeper }: JoinNews,
): Promise<string[]> {
  const { name } = mesh.agent;
  const { apart, nameApart } = keeper;
  const words: string[] = [];
  if (before !== undefined && before !== name) {
    words.push(
      `This session has gone over to another conversation: in the mesh you are "${name}" now, no longer "${before}", whose mail stays with the conversation before.`,
    );
  } else if (notice !== undefined && (apart === undefined || apart.kind === "place")) words.push(notice);
  // A second window beside the first is nothing to explain.
  if (apart && apart.kind !== "place") {
    const who = nameApart === undefined ? "its agent" : `its agent "${nameApart}"`;
    const what = apart.kind === "named" ? "The name is in use" : "This conversation is open";
    words.push(
      `${what} in another session of this client, which is ${who} and gets its mail. Until that one ends, this session is "${name}".`,
    );
  }
  const beside = await waitingBeside(client, mesh.agent, over).catch((error: unknown) => {
    log.debug("beside.failed", { error });
  });
  if (beside !== undefined) words.push(beside);
  return words;
}
