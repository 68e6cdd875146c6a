/** docs/troubleshooting/containers.md: what is seen from another network namespace over one state folder. */
import { hostname } from "node:os";
import {
  cleanEnv,
  commandScreen,
  lastingAnswer,
  openNetwork,
  startMcpSession,
  tempDir,
  toolScreen,
  troublePage,
  troublePath,
  whyNoNetworks,
} from "testkit";
import { expect, test } from "vitest";

const why = whyNoNetworks();

test.skipIf(why)(
  `docs/troubleshooting/containers.md is what a container over its host's folder sees${why === undefined ? "" : ` (skipped: ${why})`}`,
  async () => {
    using home = tempDir();
    using own = tempDir();
    await using host = await openNetwork();
    await using box = await openNetwork();
    const env = cleanEnv({ AGENTMESH_HOME: home.path });
    await host.run("cli", ["up"], { env });
    const run = async (typed: string, more = {}) => {
      const [program, ...args] = typed.split(" ");
      return commandScreen(
        typed,
        await box.run(program === "agentmesh" ? "cli" : "broker", args, { env: { ...env, ...more } }),
      );
    };
    const status = await run("agentmesh status");
    const second = await run("agentmesh-broker --log-level error --log-format pretty");
    await using session = await startMcpSession({ home: home.path, cwd: home.path, under: box.inside });
    const tool = toolScreen("list_peers()", await lastingAnswer(session, "list_peers"));
    await session.close();
    const apart = await run("agentmesh up", { AGENTMESH_HOME: own.path });
    await run("agentmesh down", { AGENTMESH_HOME: own.path });
    await host.run("cli", ["down"], { env });

    const page = troublePage({
      title: "Containers",
      about:
        "A container (a devcontainer, a sandbox, a service of systemd with a private network) has a loopback of its own. Where the state folder is shared with the host, its programs see the folder of a broker that they cannot reach.",
      standIns: [
        [home.path, "/work/.agentmesh"],
        [own.path, "/root/.agentmesh"],
        [`(host ${hostname()})`, "(host laptop)"],
      ],
      troubles: [
        {
          symptom: "The broker runs in another network namespace",
          about:
            "Each of the four ways works, and tests go them. To forward the port by hand: `socat UNIX-LISTEN:/work/mesh.sock,fork TCP:127.0.0.1:7899` where the broker runs, and `socat TCP-LISTEN:7899,bind=127.0.0.1,fork UNIX-CONNECT:/work/mesh.sock` in the container, with the socket in a folder that both have. The number has to be the same on both sides: the broker's proof names it.",
          screens: [status, tool, second],
        },
        {
          symptom: "The container shall have a mesh of its own",
          about:
            "With AGENTMESH_HOME set to a folder that is not shared. Its agents and those of the host do not see each other.",
          screens: [apart],
        },
      ],
    });
    await expect(page).toMatchFileSnapshot(troublePath("containers"));
  },
  180_000,
);
