/** docs/troubleshooting/environment.md: what is seen when the environment names no usable state folder, or a proxy. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what no shell has expanded is the subject
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  commandScreen,
  freePort,
  openRecordingProxy,
  programArgs,
  runProgram,
  startMcpSession,
  tempDir,
  toolScreen,
  troublePage,
  troublePath,
  whyNoOtherUser,
} from "testkit";
import { expect, test } from "vitest";
import * as z from "zod";
import { ended } from "../ended.ts";

const noUser = whyNoOtherUser();

test.skipIf(noUser)(
  `docs/troubleshooting/environment.md is what the programs say${noUser === undefined ? "" : ` (skipped: ${noUser})`}`,
  async () => {
    using folder = tempDir();
    await using proxy = await openRecordingProxy();
    const port = String(await freePort());
    const env = { HOME: folder.path, AGENTMESH_PORT: port, AGENTMESH_BALLAST_BYTES: "0" };
    const cli = (args: string[], more: Record<string, string> = {}) =>
      runProgram("cli", args, { cwd: folder.path, env: cleanEnv({ ...env, ...more }) });

    const relative = await cli(["status"], { AGENTMESH_HOME: ".agentmesh" });
    const unexpanded = "${workspaceFolder}/.agentmesh";
    await using session = await startMcpSession({ home: unexpanded, cwd: folder.path, env });
    const answer = await session.tool("whoami");
    const user = ["--reuid", "64321", "--regid", "64321", "--clear-groups"];
    const program = [process.execPath, ...programArgs("cli", ["up"])];
    const homeless = await ended("setpriv", [...user, ...program], { PATH: process.env.PATH });
    const proxied = { ...proxy.env, NODE_OPTIONS: "--max-old-space-size=200" };
    const up = await cli(["up"], proxied);
    const { pid } = z
      .object({ pid: z.int() })
      .parse(JSON.parse(readFileSync(join(folder.path, ".agentmesh/broker.json"), "utf8")));
    await cli(["down"]);
    expect(proxy.seen()).toBe("");

    const page = troublePage({
      title: "The environment",
      about:
        "Clients start adapters with their own environment, services with next to none. A path is expanded as a shell would (`~/`, `$HOME/`, `${HOME}/`), or refused.",
      standIns: [
        [folder.path, "/home/ada"],
        [port, "7899"],
        [pid, "4711"],
      ],
      troubles: [
        {
          symptom: "AGENTMESH_HOME is a relative path",
          about: "Each program has another working directory, and each would have made a mesh of its own there.",
          screens: [commandScreen("AGENTMESH_HOME=.agentmesh agentmesh status", relative)],
        },
        {
          symptom: "A variable in AGENTMESH_HOME was not expanded",
          about:
            "The client handed on what stands in its configuration. Versions up to 0.1 made a folder of that name in the project, also one called `~`, with a mesh key in it: delete it, and do not commit it.",
          screens: [toolScreen("whoami", answer)],
        },
        {
          symptom: "A service has no home folder",
          about: "No HOME, and a user id that the system does not list: containers with a numeric user, some services.",
          screens: [commandScreen("agentmesh up", homeless)],
        },
        {
          symptom: "A proxy or NODE_OPTIONS is set",
          about:
            "Neither is in the way: calls to this machine never use a proxy, and a broker is started without NODE_OPTIONS and everything else that belongs to whoever starts it. What it has instead is in [operations.md](../operations.md#what-a-broker-inherits).",
          screens: [
            commandScreen(
              "HTTP_PROXY=http://proxy:3128 NODE_USE_ENV_PROXY=1 NODE_OPTIONS=--max-old-space-size=200 agentmesh up",
              up,
            ),
          ],
        },
      ],
    });
    await expect(page).toMatchFileSnapshot(troublePath("environment"));
  },
);
