/** docs/troubleshooting/recipients.md: what is seen when a name is wrong, or whoever has it is not there. */
import { basename, join } from "node:path";
import {
  openDesk,
  startMcpSession,
  startTestBroker,
  tempDir,
  toolScreen,
  troublePage,
  troublePath,
  until,
} from "testkit";
import { expect, test } from "vitest";

test("docs/troubleshooting/recipients.md is what is said of a name that is wrong, and of an agent that is not there", async () => {
  using desk = openDesk({});
  using work = tempDir();
  await using broker = await startTestBroker({ home: join(desk.home, ".agentmesh") });
  const presence = async (agent: string) => (await broker.admin.getAgent({ agent })).presence;
  await broker.agent("reviewer");
  await broker.agent("ci-watcher");

  const wrong = [
    await desk.sees('agentmesh send reviwer "please read"'),
    await desk.sees('agentmesh ask the-man-in-the-moon "how is it?"'),
    await desk.sees("agentmesh inbox reviwer"),
  ];
  const named = { AGENTMESH_NAME: "builder", AGENTMESH_PUSH: "claude-channel" };
  await using session = await startMcpSession({ home: broker.home, cwd: work.path, env: named });
  await session.joined();
  const tool = toolScreen(
    'send_message(to: "reviwer", message: "please read")',
    await session.tool("send_message", { to: "reviwer", message: "please read" }),
  );
  await desk.sees("agentmesh agent add release");
  const acting = [
    await desk.sees('agentmesh send reviewer "please read" --as relese'),
    await desk.sees('agentmesh send ci-watcher "please read" --as reviewer'),
  ];

  const offline = await desk.sees('agentmesh send reviewer "please read"');
  process.kill(session.pid, "SIGKILL");
  await until(async () => (await presence("builder")) === "offline", "the broker to notice");
  const killed = [
    await desk.sees('agentmesh send builder "are you there?"'),
    await desk.sees("agentmesh agent show builder"),
  ];

  const here = { host: "laptop", repo: "/src/poker", directory: "/src/poker" };
  await broker.agent("api", here);
  const living = await broker.agent("api-2", here);
  await living.client.join({ profile: here });
  const namesake = await desk.sees('agentmesh send api "please read"');

  await desk.sees("agentmesh agent rename ci-watcher auditor");
  const renamed = await desk.sees('agentmesh send ci-watcher "please read"');
  const removing = [
    await desk.sees("agentmesh agent remove reviewer"),
    await desk.sees("agentmesh agent remove reviewer --yes"),
    await desk.sees("agentmesh inbox"),
    await desk.sees("agentmesh dead"),
    await desk.sees('agentmesh send reviewer "please read"'),
  ];

  const page = troublePage({
    title: "Names and recipients",
    about: "Nothing is sent to a name that nobody has. What is sent to an agent that is not there waits in its inbox.",
    standIns: [
      [desk.home, "/home/ada"],
      [work.path, "/home/ada/builder"],
      [basename(work.path), "builder"],
      [broker.port, "7899"],
    ],
    troubles: [
      { symptom: "Nobody has the name", about: "Nothing was stored, the exit code is 4.", screens: [...wrong, tool] },
      {
        symptom: "An agent cannot be acted as",
        about: "Nobody is made by a slip of the pen, and nobody acts as another program's agent.",
        screens: acting,
      },
      {
        symptom: "The agent is offline",
        about:
          "Its next session gets what waits, with its name, whichever day that is; `--ttl` says for how long it may wait.",
        screens: [offline],
      },
      {
        symptom: "The agent was killed",
        about:
          "What was pushed into it and not acked is queued again as soon as the broker sees that the session is gone, for its next one.",
        screens: killed,
      },
      {
        symptom: "Mail goes to an agent that is offline while its namesake is online",
        about: "Two sessions of one project: the second is called by what differs, or has a number when nothing does.",
        screens: [namesake],
      },
      { symptom: "The agent was renamed", about: "Its former name leads to it.", screens: [renamed] },
      {
        symptom: "The agent was removed",
        about: "What waited for it is a dead letter, and each sender has a notice in its inbox.",
        screens: removing,
      },
    ],
  });
  // The width of a column is that of its longest time.
  const settledPage = page
    .replace(/SENT +WHY/, "SENT    WHY")
    .replace(/2s ago +recipient_gone/, "2s ago  recipient_gone");
  await expect(settledPage).toMatchFileSnapshot(troublePath("recipients"));
}, 600_000);
