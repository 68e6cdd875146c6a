/** What reaches an agent, each way with the age of its proof. */
import type { Agent, ListedPushPath } from "@agentmesh/protocol";
import { proofWords, reachOf } from "@agentmesh/protocol/shown";
import { useTimed } from "../frame/ticking.ts";
import { age, now, times } from "../frame/time.ts";

/** The push paths: `✓ stream 3 min`, `? stream`, `✗ webhook`; those that reached it before its stream closed are dim. */
export function PushPaths({ of }: { of: Pick<Agent, "doubt" | "pushPaths"> }) {
  if (of.pushPaths.length === 0) return <span class="dim">none</span>;
  const reach = reachOf(of);
  return (
    <>
      {reach.now.map((path) => (
        <PushPath of={path} key={path.path} />
      ))}
      {reach.before.map((path) => (
        <Before of={path} key={path.path} />
      ))}
    </>
  );
}

function Before({ of }: { of: ListedPushPath }) {
  const title = useTimed(() => `before its stream closed, ${proofWords(of, times)}`, [of]);
  return (
    <span class="dim" title={title}>
      {of.path}{" "}
    </span>
  );
}

function PushPath({ of }: { of: ListedPushPath }) {
  const { path, provenAt, failedWhy } = of;
  const stuck = failedWhy !== undefined;
  const title = useTimed(() => proofWords(of, times), [of]);
  const old = useTimed(() => (provenAt === undefined ? "" : age(provenAt, now.value)), [provenAt]);
  const mark = stuck ? "✗" : provenAt === undefined ? "?" : "✓";
  return (
    <span class={stuck ? "stuck" : mark === "?" ? "dim" : undefined} title={title}>
      {mark} {path} {mark === "✓" && <small>{old}</small>}{" "}
    </span>
  );
}
