/** Why the broker of a state folder is not reached, in sentences that can be followed from where the program stands. */
import { shareLoopback } from "@agentmesh/protocol";
import { BrokerUnreachableError } from "../errors.ts";
import { announced, isServed, ownStandpoint } from "./running-broker.ts";
import type { StateFolder } from "./state-folder.ts";

/** Who is at an address. */
export type Answer =
  | { readonly who: "ours"; readonly version: string }
  | { readonly who: "nobody" | "another broker" | "another folder" | "another program" }
  | { readonly who: "silent"; readonly seconds: number };

/** The error for an address where the folder's broker did not answer. @throws StateFolderError */
export function absenceOf(folder: StateFolder, url: string, answer: Answer): BrokerUnreachableError {
  const elsewhere = servedElsewhere(folder);
  if (elsewhere) return elsewhere;
  const running = isServed(folder) ? (announced(folder) ?? "unannounced") : undefined;
  if (running === "unannounced" || (running && answer.who !== "silent")) {
    return new BrokerUnreachableError(
      `A broker holds ${folder.path} and does not answer at ${url}: it is just starting or stopping. If it stays so, look at ${folder.logFile}.`,
      { passes: true, why: "it is starting or stopping" },
    );
  }
  if (running && answer.who === "silent") {
    return new BrokerUnreachableError(
      `The broker of ${folder.path} (pid ${running.pid}) does not answer at ${url} within ${answer.seconds} s. It may be stopped (kill -CONT ${running.pid}) or very busy; its log is ${folder.logFile}.`,
      { passes: true, why: `no answer within ${answer.seconds} s` },
    );
  }
  const start = "Start it with: agentmesh up";
  const port = new URL(url).port || "80";
  return new BrokerUnreachableError(
    answer.who === "nobody"
      ? `No broker runs at ${url}. ${start}`
      : `No broker runs for ${folder.path}, and port ${port}, where it would be, belongs to ${strangers[answer.who]}. ${start} (it takes another port by itself)`,
    { passes: true, why: answer.who === "nobody" ? "nobody listens there" : `it is ${strangers[answer.who]}` },
  );
}

const strangers: Readonly<Record<Answer["who"], string>> = {
  ours: "it",
  nobody: "nobody",
  silent: "a program that does not answer",
  "another broker": "a broker of another state folder, such as another user's",
  "another folder": "the broker of a folder that this one is a copy of, or the other way round",
  "another program": "another program",
};

/**
 * The error when a live broker holds the folder in another network namespace, where its loopback is not ours; undefined
 * when it does not. @throws StateFolderError
 */
export function servedElsewhere(folder: StateFolder): BrokerUnreachableError | undefined {
  const running = announced(folder);
  if (!running?.standpoint || shareLoopback(ownStandpoint(), running.standpoint) !== false) return undefined;
  if (!isServed(folder)) return undefined;
  const { url, port, pid, standpoint } = running;
  const own = ownStandpoint();
  const place =
    standpoint.hostname === own.hostname
      ? "in another network namespace"
      : `on ${standpoint.hostname}, in another network namespace`;
  return new BrokerUnreachableError(
    `The broker of ${folder.path} runs (pid ${pid}, ${url}) ${place}, as of a container and its host: that address leads nowhere from here. A second broker is not started: two on one database would damage it. Do one of these: share the network (docker run --network host; in devcontainer.json "runArgs": ["--network=host"]); or forward port ${port} of the loopback here to port ${port} there, the same number; or start the broker there with --host and --trusted-network on an address that is reached from here, and set AGENTMESH_URL to it here; or set AGENTMESH_HOME here to a folder of its own, for a mesh of its own.`,
  );
}
