/** docs/troubleshooting/ports.md: what is seen when somebody else has the port. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BrokerFile } from "@agentmesh/protocol";
import {
  cleanEnv,
  commandScreen,
  logScreen,
  openNetwork,
  tempDir,
  troublePage,
  troublePath,
  until,
  watched,
  whyNoNetworks,
  whyNoOtherUser,
} from "testkit";
import { expect, test } from "vitest";

const why = whyNoNetworks() ?? whyNoOtherUser();

test.skipIf(why)(
  `docs/troubleshooting/ports.md is what two users of one machine see${why === undefined ? "" : ` (skipped: ${why})`}`,
  async () => {
    using root = tempDir();
    chmodSync(root.path, 0o755);
    await using network = await openNetwork();
    const person = (name: string, user: number) => {
      const home = join(root.path, name);
      mkdirSync(home, { mode: 0o700 });
      chownSync(home, user, user);
      const env = cleanEnv({ HOME: home });
      return {
        home,
        folder: join(home, ".agentmesh"),
        async screen(typed: string, more: Record<string, string> = {}) {
          const [program, ...args] = typed.split(" ");
          const name = program === "agentmesh-broker" ? "broker" : "cli";
          const set = Object.entries(more).map(([key, value]) => `${key}=${value} `);
          return commandScreen(
            `${set.join("")}${typed}`,
            await network.run(name, args, { user, env: { ...env, ...more }, cwd: "/" }),
          );
        },
      };
    };
    const [ada, bob] = [person("ada", 4_191), person("bob", 4_192)];

    await ada.screen("agentmesh up");
    const second = await bob.screen("agentmesh up");
    const log = logScreen("~/.agentmesh/broker.log", readFileSync(join(bob.folder, "broker.log"), "utf8"), [
      "port.other",
    ]);
    await bob.screen("agentmesh down");
    const named = [
      await bob.screen("agentmesh up --port 7899"),
      await bob.screen("agentmesh status", { AGENTMESH_URL: "http://127.0.0.1:7899" }),
      await bob.screen("agentmesh-broker --port 7899 --log-level error --log-format pretty"),
    ];

    // Ends with the namespace.
    const [program = "", ...words] = network.inside;
    const serves =
      'require("node:net").createServer((s) => s.end("no broker")).listen(7901, "127.0.0.1", () => console.log("up"))';
    const stranger = watched(spawn(program, [...words, process.execPath, "-e", serves]));
    await until(() => stranger.stdout().includes("up"), "a program that is no broker");
    const environment = { AGENTMESH_PORT: "7901" };
    const foreign = [
      await bob.screen("agentmesh status", environment),
      await bob.screen("agentmesh up --port 7902", environment),
    ];
    await bob.screen("agentmesh down");
    stranger.child.kill("SIGKILL");

    const { pid } = BrokerFile.parse(JSON.parse(readFileSync(join(ada.folder, "broker.json"), "utf8")));
    process.kill(pid, "SIGSTOP");
    const silent = await ada.screen("agentmesh status");
    process.kill(pid, "SIGCONT");
    await ada.screen("agentmesh down");
    const none = await ada.screen("agentmesh status");
    await bob.screen("agentmesh up --port 7899");
    const taken = await ada.screen("agentmesh status");
    const later = await ada.screen("agentmesh up");
    await Promise.all([ada.screen("agentmesh down"), bob.screen("agentmesh down")]);

    const page = troublePage({
      title: "The port",
      about:
        "A port of the loopback belongs to one program of the machine, whoever runs it. The broker of a state folder takes 7899, or another port where that is taken, and writes into the folder where it is; every program that uses the folder finds it there, and asks whoever answers to prove that it is the one.",
      standIns: [[root.path, "/home"]],
      troubles: [
        {
          symptom: "Another user of this machine has a broker already",
          about:
            "Nothing is to be done: this user's broker takes another port by itself, keeps it for its next starts, and says so. Only a program that has the port written down needs the new one.",
          screens: [second, log],
        },
        {
          symptom: "The port that was asked for is taken",
          about:
            "A port or an address that somebody named is not exchanged for another one unasked. It may stand in the environment, in the client's configuration or in config.json.",
          screens: named,
        },
        {
          symptom: "The port belongs to a program that is no broker",
          about: "Such as a development server. What --port says is heard before the environment.",
          screens: foreign,
        },
        {
          symptom: "No broker runs",
          about: "Adapters start it when they need it; a person does it as the line says.",
          screens: [none],
        },
        {
          symptom: "No broker runs, and somebody else has the port that it had",
          about: "As after a restart of the machine, when another user came first.",
          screens: [taken, later],
        },
        {
          symptom: "The broker runs and does not answer",
          about: "It is stopped, as by Ctrl-Z or a debugger, or the machine is very busy. Nothing is lost.",
          screens: [silent],
        },
      ],
    });
    await expect(page).toMatchFileSnapshot(troublePath("ports"));
  },
  180_000,
);
