/** What reaches an agent, each way with the age of its proof. */
import type { Agent } from "@agentmesh/protocol";
import { age, clock, now } from "../frame/time.ts";

/** The push paths: `✓ stream 3 min`, `? stream`, `✗ webhook`. */
export function PushPaths({ of }: { of: Agent["pushPaths"] }) {
  if (of.length === 0) return <span class="dim">none</span>;
  return (
    <>
      {of.map(({ path, provenAt, failedWhy, nextTryAt }) => {
        if (failedWhy !== undefined) {
          const rests = nextTryAt === undefined ? "" : `; tried again ${clock(nextTryAt, now.value)}`;
          return (
            <span class="push stuck" key={path} title={`${failedWhy}${rests}`}>
              ✗ {path}{" "}
            </span>
          );
        }
        return provenAt === undefined ? (
          <span class="push dim" key={path} title="Nothing shows yet that a message pushed by it was read.">
            ? {path}{" "}
          </span>
        ) : (
          <span class="push" key={path} title={`proven ${clock(provenAt, now.value)}`}>
            ✓ {path} <small>{age(provenAt, now.value)}</small>{" "}
          </span>
        );
      })}
    </>
  );
}
