/** docs/troubleshooting/waiting.md: what commands that wait say when they are ended, or when what they wait for is. */
import { join } from "node:path";
import { FileLock, makeStateFolder, openStateFolder } from "@agentmesh/client/node";
import {
  ctrlC,
  type Desk,
  openDesk,
  openWebhookReceiver,
  type Screen,
  startTestBroker,
  tempDir,
  troublePage,
  troublePath,
  until,
} from "testkit";
import { expect, test } from "vitest";

/** The commands that a screen names as the next step. */
function nextSteps({ seen }: Screen): string[] {
  return [...seen.matchAll(/: (agentmesh [^.\n]+?)(?=\.? [A-Z]|\.?$)/gm)].map(([, command = ""]) => command);
}

/** Types the next steps of the screens, those of a kind once; those that follow without end are ended. */
function nextStepsAt(desk: Desk): (...screens: readonly Screen[]) => Promise<void> {
  const tried = new Set<string>();
  return async (...screens) => {
    const steps = screens.flatMap(nextSteps);
    expect(steps.length).toBeGreaterThanOrEqual(screens.length);
    for (const step of steps) {
      const kind = step.replace(/_.*/, "");
      if (tried.has(kind)) continue;
      tried.add(kind);
      const { seen } = / -f\b/.test(step) ? await desk.waits(step, ctrlC("Waiting for")) : await desk.sees(step);
      expect([step, seen]).toEqual([step, expect.not.stringMatching(/\(exit code|^error:/m)]);
    }
  };
}

test("docs/troubleshooting/waiting.md is what commands that wait say", async () => {
  using desk = openDesk({});
  await using broker = await startTestBroker({ home: join(desk.home, ".agentmesh") });
  const reviewer = await broker.agent("reviewer");
  const { client } = reviewer;
  const tryNextSteps = nextStepsAt(desk);
  const ask = 'agentmesh ask reviewer "which port?"';
  const asked = "Waiting for the answer of reviewer";

  const ended = [
    await desk.waits(ask, ctrlC(asked)),
    await desk.waits('agentmesh send reviewer "please read" --wait 10m', ctrlC("Waiting for the ack")),
    await desk.waits("agentmesh inbox -f", ctrlC("Waiting for")),
    await desk.waits("agentmesh log -f --agent reviewer", ctrlC("#2 ")),
  ];
  const ping = await desk.waits("agentmesh ping reviewer", ctrlC("Waiting for the answer"));
  await tryNextSteps(...ended);

  const late = await desk.sees('agentmesh ask reviewer "still there?" --timeout 1s');
  await tryNextSteps(late);

  /** Answers the newest of the questions, and takes the others out of the way. */
  async function answer(body: string): Promise<void> {
    const { deliveries } = await until(async () => {
      const leased = await client.lease({ max: 10, waitMs: 5_000 });
      return leased.deliveries.length > 0 ? leased : undefined;
    }, "the question");
    for (const { id } of deliveries.slice(0, -1)) await client.ack({ delivery: id });
    await client.send({ inReplyTo: deliveries.at(-1)?.id ?? "", body });
  }
  const outlived = await desk.waits(
    ask,
    { on: asked, do: () => broker.kill("SIGKILL") },
    { on: "Lost the broker", do: () => broker.start() },
    { on: "The broker is back", do: () => answer("4711") },
  );
  const follows = await desk.waits(
    "agentmesh log -f --agent reviewer --limit 1",
    { on: "#", do: () => broker.kill("SIGKILL") },
    { on: "Lost the broker", do: () => broker.start() },
    ctrlC("The broker is back"),
  );
  const inbox = await desk.waits(
    "agentmesh inbox -f",
    { on: "Waiting for", do: () => broker.kill("SIGKILL") },
    { on: "Lost the broker", do: () => broker.start() },
    ctrlC("The broker is back"),
  );
  const logs = await desk.waits(
    "agentmesh logs -f",
    { on: "Waiting for", do: () => broker.kill("SIGKILL") },
    { on: "No broker runs", do: () => broker.start() },
    ctrlC("A broker runs again"),
  );
  // It takes the second post of a test: whoever waits for the answer to the first one waits.
  await using receiver = await openWebhookReceiver((_, response, n) => {
    if (n === 2) response.writeHead(200).end();
  });
  await client.setWebhook({ agent: "me", url: receiver.url });
  const tested = await desk.waits(
    "agentmesh webhook test reviewer",
    { on: "Waiting for", do: () => broker.kill("SIGKILL") },
    { on: "Lost the broker", do: () => broker.start() },
  );
  const left = await desk.waits("agentmesh webhook test reviewer", ctrlC("Waiting for"));
  await client.removeWebhook({ agent: "me" });
  const away = await desk.waits(`${ask} --timeout 5s`, { on: asked, do: () => broker.kill("SIGKILL") });
  const gone = await desk.sees("agentmesh status");
  await broker.start();
  await tryNextSteps(away);

  const refused = await desk.waits(ask, {
    on: asked,
    async do() {
      const { deliveries } = await client.lease({ max: 10, waitMs: 5_000 });
      const reason = "not my part: ask ci-watcher";
      for (const { id, receipt } of deliveries) await client.reject({ delivery: id, receipt, reason });
    },
  });
  const removed = await desk.waits(ask, { on: asked, do: () => broker.admin.removeAgent({ agent: "reviewer" }) });
  await tryNextSteps(refused, removed);

  // Whoever holds this lock is starting a broker.
  using other = tempDir();
  const folder = openStateFolder(other.path);
  makeStateFolder(folder);
  const lock = FileLock.tryTake(folder.startLock);
  const up = await desk.waits(`AGENTMESH_HOME=${other.path} agentmesh up`, ctrlC("Waiting for the broker"));
  lock?.release();

  const page = troublePage({
    title: "Commands that wait",
    about:
      "`ask`, `send --wait`, `ping`, `up` and everything with `-f` say on stderr what they wait for, go on when the broker was away, and say at their end what stands. Ctrl-C ends the waiting alone: what was sent stays sent. With `--json` they wait in silence, and the error at the end has the id.",
    standIns: [
      [desk.home, "/home/ada"],
      [other.path, "~/other"],
      [broker.port, "7899"],
      [receiver.port, "4711"],
    ],
    troubles: [
      {
        symptom: "A command that waits was ended with Ctrl-C",
        about: "The exit code is 130, of what follows without end 0.",
        screens: [...ended, ping, left],
      },
      { symptom: "The start of a broker was ended with Ctrl-C", about: "It goes on by itself.", screens: [up] },
      {
        symptom: "No answer came in time",
        about: "The exit code is 7: the question stands. Asked again, it would be a second one.",
        screens: [late],
      },
      {
        symptom: "The broker is killed while a command waits",
        about:
          "A question is on disk, a log is followed from where it was, a webhook's test is posted again. Where a broker runs again before the time is over, nothing has to be done; an adapter that needs one starts it.",
        screens: [outlived, follows, inbox, logs, tested, away, gone],
      },
      {
        symptom: "No answer will come",
        about: "The agent asked has refused the question, or is no more: the exit code is 8, at once.",
        screens: [refused, removed],
      },
    ],
  });
  await expect(page).toMatchFileSnapshot(troublePath("waiting"));
}, 600_000);
