/** A task as it goes on: what is streamed of it, from how it stands now to its end. */
import { MAX_WAIT_MS, type MessageId } from "@agentmesh/protocol";
import type { AskLook } from "../mesh/asks.ts";
import { MeshError } from "../mesh/errors.ts";
import type { A2aCall, A2aVerbs, TaskUpdate } from "./operation.ts";
import { isOver, type Task, taskOf } from "./task.ts";
import { ThreadWatch } from "./thread-watch.ts";

/** How a task stands, and what happens to it from there on. */
export interface Watched {
  readonly look: AskLook;
  readonly updates: AsyncGenerator<TaskUpdate, void>;
}

/**
 * Watches a task of the caller's from now on: first as a whole, then each change of its status, at last its artifact. Ends with it, or
 * when nobody waits for it any more. @throws MeshError message_not_found, and by its updates what a look throws, agent_not_found
 */
export async function watched(mesh: A2aVerbs, call: A2aCall, id: MessageId): Promise<Watched> {
  const { asks, events } = mesh;
  const { caller, signal } = call;
  const { threadId } = (await asks.look(caller, id)).trace.message;
  const watch = await events.attach(caller, { types: ["delivery"] }, () => new ThreadWatch(threadId));
  // However the call ends, also before anything is read.
  signal.addEventListener("abort", () => watch.close("gone", true), { once: true });
  if (signal.aborted) watch.close("gone", true);
  // Behind that, so that nothing is missed which happens meanwhile.
  const look = await asks.look(caller, id);
  return { look, updates: updatesFrom(mesh, call, { id, watch, look }) };
}

async function* updatesFrom(
  { asks }: A2aVerbs,
  { caller }: A2aCall,
  { id, watch, look: first }: { readonly id: MessageId; readonly watch: ThreadWatch; readonly look: AskLook },
): AsyncGenerator<TaskUpdate, void> {
  let look = first;
  let { status } = taskOf(look);
  try {
    yield { body: { task: taskOf(look) } };
    while (!isOver(status.state)) {
      // That an answer is overdue is no event of the thread.
      await watch.next(MAX_WAIT_MS);
      if (watch.over?.reconnect) return;
      if (watch.over) {
        const { name } = caller.agent;
        throw new MeshError("agent_not_found", `${name} was removed from the mesh while it waited. Register again.`);
      }
      look = await asks.look(caller, id);
      const { status: now, artifacts = [], id: taskId, contextId } = taskOf(look);
      for (const artifact of artifacts)
        yield { body: { artifactUpdate: { taskId, contextId, artifact, append: false, lastChunk: true } } };
      if (saidOf(now) !== saidOf(status)) yield { body: { statusUpdate: { taskId, contextId, status: now } } };
      status = now;
    }
    yield { taken: look.taken };
  } finally {
    watch.close("over", true);
  }
}

/** A status without its time: what makes it another one. */
function saidOf({ state, message }: Task["status"]): string {
  return JSON.stringify([state, message]);
}
