/** Whether a process is gone: said when it surely is, and never of one that cannot be seen. */
import { isProcessGone, ownProcess, type ProcessMark, type ProcessWatcher, standpointOf } from "@agentmesh/protocol";
import { expect, test } from "vitest";

const MARK: ProcessMark = { pid: 12, start: "4711", boot: "b00t", processes: "pid:[1]" };
const nothing = (code: string) => (): never => {
  throw Object.assign(new Error(code), { code });
};
const stat = (pid: number, state: string, start: string) =>
  `${pid} (a ) b) ${state} 1 ${Array.from({ length: 17 }, () => "0").join(" ")} ${start} 0`;

interface Machine {
  readonly boot?: string;
  readonly namespace?: string;
  readonly self?: string;
  /** What `/proc/12/stat` holds. */
  readonly stat?: string;
  probe?(): void;
}

function machine({ boot = "b00t", namespace = "pid:[1]", self = "7", stat: held, probe }: Machine): ProcessWatcher {
  const files: Record<string, string | undefined> = {
    "/proc/sys/kernel/random/boot_id": `${boot}\n`,
    "/proc/7/stat": stat(7, "R", "99"),
    "/proc/12/stat": held,
  };
  const links: Record<string, string> = { "/proc/self/ns/pid": namespace, "/proc/self": self };
  return {
    pid: 7,
    hostname: () => "here",
    readFile: (path) => files[path] ?? nothing("ENOENT")(),
    readLink: (path) => links[path] ?? nothing("ENOENT")(),
    probe: probe ?? (() => undefined),
  };
}

const situations: [string, Machine, boolean][] = [
  ["it runs", { stat: stat(12, "S", "4711") }, false],
  ["it is stopped", { stat: stat(12, "T", "4711") }, false],
  ["there is none of its id", { probe: nothing("ESRCH") }, true],
  ["its id is another's by now", { stat: stat(12, "S", "5000") }, true],
  ["it is a zombie", { stat: stat(12, "Z", "4711") }, true],
  ["it is being taken down", { stat: stat(12, "X", "4711") }, true],
  ["it is another user's and not shown", { probe: nothing("EPERM") }, false],
  ["it is not shown", {}, false],
  ["/proc is another namespace's", { self: "70", stat: stat(12, "S", "5000") }, false],
  ["the machine has started again, or is another", { boot: "other", probe: nothing("ESRCH") }, false],
  ["it is of another PID namespace", { namespace: "pid:[2]", probe: nothing("ESRCH") }, false],
];

test.each(situations)("%s", (_, seen, gone) => {
  const watcher = machine(seen);
  expect(isProcessGone(watcher, standpointOf(watcher), MARK)).toBe(gone);
});

test("a process says whose it is where the system says enough", () => {
  expect(ownProcess(machine({}))).toEqual({ pid: 7, start: "99", boot: "b00t", processes: "pid:[1]" });
  for (const less of [{ boot: "" }, { namespace: "" }, { self: "70" }])
    expect(ownProcess(machine(less))).toBeUndefined();
});
