/** docs/troubleshooting/terminals.md: what is seen in a narrow terminal, and where there is none. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openDesk, startTestBroker, troublePage, troublePath, whyNoTerminals } from "testkit";
import { expect, test } from "vitest";

test.skipIf(whyNoTerminals !== undefined)(
  `docs/troubleshooting/terminals.md is what is seen in a narrow terminal, and in none${whyNoTerminals === undefined ? "" : ` (skipped: ${whyNoTerminals})`}`,
  async () => {
    using desk = openDesk({});
    await using broker = await startTestBroker({ home: join(desk.home, ".agentmesh") });
    await broker.agent("reviewer", {
      client: "claude-code",
      repo: "/src/poker",
      directory: "/src/poker",
      branch: "fix/lobby",
      summary: "reviews what others have written, and says no where it must",
    });
    // Before anybody acts: how long ago that was has no width of its own.
    const [listed, unsized] = [await desk.seesIn(60, "agentmesh agents"), await desk.seesIn(0, "agentmesh agents")];
    const sent = await desk.seesIn(60, 'agentmesh send reviewer "please read what I have written today"');
    const [id = ""] = /msg_[0-9a-f]{32}/.exec(sent.seen) ?? [];
    const narrow = [listed, sent, await desk.seesIn(60, `agentmesh trace ${id}`)];
    const waiting = await desk.seesIn(60, 'agentmesh ask reviewer "which port?"', {
      on: "Waiting for",
      do: (keys) => keys.ctrlC(),
    });
    const typing = await desk.seesIn(100, "agentmesh send reviewer", {
      on: "Type the message",
      do: (keys) => keys.ctrlC(),
    });
    const removing = await desk.seesIn(100, "agentmesh agent remove reviewer", {
      on: "Remove it?",
      do: (keys) => keys.ctrlC(),
    });

    for (const name of [".cursor", ".config/opencode"]) mkdirSync(join(desk.home, name), { recursive: true });
    const setup = await desk.seesIn(
      60,
      "agentmesh setup",
      { on: "[q]uit", do: (keys) => keys.type("y\r") },
      { on: "[q]uit", do: (keys) => keys.ctrlC() },
    );
    await desk.sees("agentmesh uninstall --yes");
    const nobody = [
      await desk.sees("agentmesh setup"),
      await desk.sees("agentmesh agent remove reviewer"),
      await desk.sees("agentmesh send reviewer"),
    ];
    const piped = await desk.sees("agentmesh log -f | grep -m1 accepted");
    expect((await broker.admin.listAgents()).agents.map(({ name }) => name).sort()).toEqual(["cli", "reviewer"]);

    const page = troublePage({
      title: "The terminal",
      about:
        "Lines fit the terminal from 40 columns on. In a pipe or a file nothing is cut, nothing is coloured and nobody is asked; `--json` is for programs.",
      standIns: [
        [desk.home, "/home/ada"],
        [broker.port, "7899"],
      ],
      troubles: [
        {
          symptom: "The terminal has 60 columns",
          about: "Words stay whole; what has no room ends in `…`, and `--json` has all of it.",
          screens: [...narrow, waiting],
        },
        {
          symptom: "The terminal does not know its size",
          about: "As some of editors, and serial lines: 80 columns are taken.",
          screens: [unsized],
        },
        {
          symptom: "A question was ended with Ctrl-C",
          about: "Nothing was done; what was answered before it is.",
          screens: [typing, removing, setup],
        },
        {
          symptom: "Nobody is there to be asked",
          about: "Scripts, hooks, CI, and programs that run commands for a model.",
          screens: nobody,
        },
        {
          symptom: "The reader of the output goes away",
          about: "The command ends at once and in silence, with 141 in `PIPESTATUS`.",
          screens: [piped],
        },
      ],
    });
    await expect(page).toMatchFileSnapshot(troublePath("terminals"));
  },
  600_000,
);
