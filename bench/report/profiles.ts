/** The section of docs/benchmarks.md on profiles: what each hot path spends, and what that has led to. */
import type { Profiles } from "../profile/kept.ts";
import { PARTS } from "../profile/parts.ts";
import { numberText } from "./number-text.ts";
import { tableOf } from "./table.ts";

/** What the greatest parts have led to, and what is left of them. */
const LED_TO = `What they led to, and what is left:

- **The web framework**, and what its hooks had each plugin keep of a request (promises, listeners, timers, weak maps, a logger): what
  agents ask all the time goes past it ([0044](decisions/0044-usual-requests-have-a-short-way.md)), through the same guard,
  authentication, budgets and schemas. It takes Node's own part and the collector's down with it.
- **A heartbeat's one statement**, how much mail waits, is asked once for each state of the database.
- **Writing the answer**, which is the system's work and wakes its reader, and **Node's own HTTP** are the largest parts of a request now.
  Of the latter the parser, the two streams and the timers of a connection are what every program that serves HTTP with Node has;
  another parser would have to bring its limits, its timeouts and TLS.
- **One heartbeat every 15 ms** costs several times what one of many at once does, of a server that does nothing else as well: the
  processor has forgotten the code meanwhile, and the process has to be woken. What is left there is mostly that.
- **Flushes** are a call of the system in another thread, and a wake of it, for each commit that is answered
  ([0026](decisions/0026-the-log-is-flushed-beside-the-event-loop.md)).

What keeps the goals that are not reached (above) from being reached, by these tables and those of the loads:

- **P1**: the two commits that a message may take are what it takes. What is left is the store's part of the two, and that each end waits for a flush in
  another thread and a wake; Redis does the same three times, of a few bytes each, in one loop of C.
- **P2**: two thirds of what the same wire carries without a store would leave some 75 µs a message on this machine for the broker, its senders and its receivers
  together. The rows that a message is, with its delivery, three steps of its timeline and the counters, take more than that in SQLite alone. One
  process has one writer: past that several brokers share a database ([several brokers](operations.md)), and SQLite stays what it is.
- **P3**: a delivery that is kept alone costs what its row, its step and its index entries cost ([0042](decisions/0042-many-deliveries-at-once.md)); a pushed one the
  writing to its own socket besides, which is a call of the system for each.
- **P4**: a lease of a thousand deliveries is one act with one commit, and who sends meanwhile waits for it. Smaller leases would have the one agent drain slower for another's p99.
- **P6**: see one heartbeat every 15 ms; with nothing to do, a keepalive is written into each stream every 15 s, 67 a second, each a call of the system and a wake.`;

/** The section, from what was kept. */
export function profileSection(profiles: Profiles): string[] {
  const { at, command, machine, loadBefore, rounds } = profiles;
  const { processors, model, memoryGib, system, node } = machine;
  const how = `Processor time of the broker, in µs: what one costs without a profiler (the median of ${rounds} rounds, the builds in turn), its parts by the
shares of a profile of the thread that serves (\`node --cpu-prof\`, self time, from the sources; what SQLite does counts to the store). Each path is done for 5 s after a warm-up.
${at.slice(0, 16).replace("T", " ")} UTC, ${processors} × ${model}, ${memoryGib} GiB, ${system}, Node ${node}, **load ${numberText(loadBefore)} before the run**: compare the columns.`;
  const run = ["<!-- not run: it takes minutes -->", "```sh", command, "```"];
  const title = "## Profiles: what each hot path spends, and what it led to";
  return [title, "", how, "", ...run, "", ...profileTables(profiles), LED_TO, ""];
}

/** A table of each path: a row for each part, a column for each build. */
export function profileTables({ builds }: Profiles): string[] {
  const first = builds[0]?.paths ?? [];
  return first.flatMap(({ id, title, unit }) => {
    const found = builds.map(({ commit, paths }) => ({ commit, path: paths.find((each) => each.id === id) }));
    const cell = (us: number | undefined) => (us === undefined ? "" : numberText(us));
    const rows = PARTS.map((part) => [
      part,
      ...found.map(({ path }) => cell(path && (path.shares[part] ?? 0) * path.mainUs)),
    ]);
    const others = ["other threads", ...found.map(({ path }) => cell(path && path.us - path.mainUs))];
    const all = ["**in all**", ...found.map(({ path }) => `**${cell(path?.us)}**`)];
    const head = [`µs a ${unit}`, ...found.map(({ commit }) => commit)];
    return [`### ${id} ${title}`, "", ...tableOf(head, [...rows, others, all]), ""];
  });
}
