/** Commands about webhooks whose receivers work for long: taken as a task, answered, given up, and changed under it. */
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent } from "./command-kind.ts";
import { draft } from "./commands-messages.ts";
import type { AgentHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { restart } from "./questions-care.ts";
import { send } from "./questions-messages.ts";
import { lookAtTasks, removeWebhook, setWebhook, takeAsTask, unfollow } from "./questions-webhooks.ts";

const taking = fc.record({
  n: any,
  at: any,
  among: fc.constantFrom("open", "open", "open", "kept", "others'"),
  late: fc.nat(4).map((n) => n === 0),
});
type Taking = typeof taking extends fc.Arbitrary<infer T> ? T : never;

/** Somebody with mail, mostly one that has a webhook. */
function pickReader({ history }: Observer, n: number): AgentHistory | undefined {
  const withMail = history.present.filter(({ id }) => history.open(id).length > 0);
  const hooked = withMail.filter(({ webhookSetAt }) => webhookSetAt !== undefined);
  return pick(hooked.length > 0 && n % 5 > 0 ? hooked : withMail, n);
}

function* takes(o: Observer, { n, at, among, late }: Taking): Iterable<Question> {
  const reader = pickReader(o, n);
  if (!reader) return;
  if (reader.webhookSetAt === undefined && n % 3 > 0) yield setWebhook(reader);
  const { history } = o;
  const others = history.deliveries.filter(({ to, pruned }) => to.id !== reader.id && !pruned);
  const all = { open: history.open(reader.id), kept: history.kept(reader.id), "others'": others };
  const delivery = pick(all[among], at);
  if (delivery) yield takeAsTask(reader, delivery, `task-${o.steps}`, late);
}

/** One that is followed. */
const pickTask = ({ history }: Observer, n: number) =>
  pick(
    history.deliveries.filter(
      ({ task, pruned, to }) => task !== undefined && !pruned && history.agent(to.id)?.removed === false,
    ),
    n,
  );

export const webhookCommands: CommandKind[] = [
  kind("take as a task", 4, taking, takes),
  kind("answer what a task took", 3, fc.record({ n: any, ends: fc.nat(3).map((n) => n > 0) }), (o, { n, ends }) => {
    const delivery = pickTask(o, n);
    if (!delivery) return undefined;
    const { of, id: answers, to } = delivery;
    const what = { body: "done", ttlMs: 600_000, key: undefined, urgency: undefined };
    const inReply = { inReplyTo: of.id, threadId: of.message.threadId, answers };
    return send(draft(to.id, of.message.from.id, what, { ...inReply, ...(ends && { endsTask: true }) }));
  }),
  kind("give a task up", 1, taking, function* (o, chosen) {
    // Beside another one, where there is mail for it.
    yield* takes(o, { ...chosen, among: "open", late: false });
    const delivery = pickTask(o, chosen.n);
    if (!delivery) return;
    yield unfollow(delivery);
    // Of the others all are followed still.
    yield lookAtTasks();
  }),
  kind("look at the tasks", 3, any, () => lookAtTasks()),
  kind(
    "restart with tasks",
    1,
    fc.constantFrom("clean" as const, "kill" as const, "power cut" as const),
    function* (o, how) {
      if (!pickTask(o, 0)) return;
      yield restart(how);
      yield lookAtTasks();
    },
  ),
  kind("change a webhook", 1, fc.record({ n: any, remove: fc.boolean() }), function* (o, { n, remove }) {
    const followed = pickTask(o, n);
    const agent = followed ? o.history.agent(followed.to.id) : pickAgent(o, n);
    if (!agent) return;
    yield remove ? removeWebhook(agent) : setWebhook(agent);
    yield lookAtTasks();
  }),
];
