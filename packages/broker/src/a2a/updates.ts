/** A task as it goes on: what is streamed of it, from how it stands now to its end. */
import { MAX_WAIT_MS, type MessageId } from "@agentmesh/protocol";
import type { AskLook } from "../mesh/asks.ts";
import type { A2aCall, A2aVerbs, TaskUpdate } from "./operation.ts";
import { isOver, type Task, taskOf } from "./task.ts";

/** How a task stands, and what happens to it from there on. */
export interface Watched {
  readonly look: AskLook;
  readonly updates: AsyncGenerator<TaskUpdate, void>;
}

/**
 * Watches a task of the caller's from now on: first as a whole, then each change of its status, at last its artifact. Ends with it, or
 * when nobody waits for it any more. @throws MeshError message_not_found, and by its updates what a look or the log throws
 */
export async function watched(mesh: A2aVerbs, call: A2aCall, id: MessageId): Promise<Watched> {
  const { asks, messages } = mesh;
  const { caller, signal } = call;
  // First, so that nothing which happens behind the look is missed.
  const { cursor } = await messages.log(caller, { thread: id, limit: 1, waitMs: 0 }, signal);
  const look = await asks.look(caller, id);
  return { look, updates: updatesFrom(mesh, call, { id, cursor, look }) };
}

async function* updatesFrom(
  { asks, messages }: A2aVerbs,
  { caller, signal }: A2aCall,
  { id, cursor, look: first }: { readonly id: MessageId; readonly cursor: string; readonly look: AskLook },
): AsyncGenerator<TaskUpdate, void> {
  let [look, after] = [first, cursor];
  let { status } = taskOf(look);
  yield { body: { task: taskOf(look) } };
  while (!isOver(status.state)) {
    ({ cursor: after } = await messages.log(caller, { after, thread: id, limit: 100, waitMs: MAX_WAIT_MS }, signal));
    if (signal.aborted) return;
    look = await asks.look(caller, id);
    const { status: now, artifacts = [], id: taskId, contextId } = taskOf(look);
    for (const artifact of artifacts)
      yield { body: { artifactUpdate: { taskId, contextId, artifact, append: false, lastChunk: true } } };
    if (saidOf(now) !== saidOf(status)) yield { body: { statusUpdate: { taskId, contextId, status: now } } };
    status = now;
  }
  yield { taken: look.taken };
}

/** A status without its time: what makes it another one. */
function saidOf({ state, message }: Task["status"]): string {
  return JSON.stringify([state, message]);
}
