/** docs/troubleshooting/refusals.md: what is seen when the operating system refuses something. */
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  commandScreen,
  fillDisk,
  freeBytes,
  lastingAnswer,
  linesWith,
  openNetwork,
  openSmallDisk,
  startMcpSession,
  tempDir,
  toolScreen,
  troublePage,
  troublePath,
  until,
  whyNoNetworks,
  whyNoOtherUser,
} from "testkit";
import { expect, test } from "vitest";

const why = whyNoNetworks() ?? whyNoOtherUser();
const USER = 4_193;
/** Too little for the broker, and far from nothing. */
const LITTLE_BYTES = 100 * 1_048_576;
const asUser = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];

test.skipIf(why)(
  `docs/troubleshooting/refusals.md is what is seen when the system refuses something${why === undefined ? "" : ` (skipped: ${why})`}`,
  async () => {
    using root = tempDir();
    chmodSync(root.path, 0o755);
    await using network = await openNetwork();
    const home = join(root.path, "ada");
    const mesh = join(home, ".agentmesh");
    mkdirSync(home);
    chownSync(home, USER, USER);
    const env = cleanEnv({ HOME: home });
    const run = async (typed: string) => {
      const ended = await network.run("cli", typed.split(" ").slice(1), { user: USER, env, cwd: "/" });
      return commandScreen(typed, ended);
    };
    const mounted = async (options: string, typed: string) => {
      using _disk = openSmallDisk(mesh, options);
      return await run(typed);
    };
    const readOnly = await mounted(`ro,uid=${USER},gid=${USER}`, "agentmesh up");
    const full = await mounted(`size=16k,uid=${USER},gid=${USER}`, "agentmesh up");
    rmSync(mesh, { recursive: true });

    const inside = [...network.inside, ...asUser];
    const { low, enough } = await lowDisk();
    rmSync(mesh, { recursive: true });

    /** What is seen while the disk of a running broker is nearly full, and after it. */
    async function lowDisk() {
      using _disk = openSmallDisk(mesh, `size=400m,uid=${USER},gid=${USER}`);
      await run("agentmesh up");
      await run("agentmesh agent add reviewer");
      await run("agentmesh send reviewer hello");
      await run("agentmesh --as reviewer send cli done");
      const writing = await startMcpSession({ home: mesh, cwd: home, under: inside, env: { HOME: home } });
      await writing.joined();
      const filler = join(mesh, "filler");
      fillDisk(filler, freeBytes(mesh) - LITTLE_BYTES);
      // The broker looks once a second.
      const isClosed = async () => /intake +closed/.test((await run("agentmesh status")).seen);
      await until(isClosed, "the intake to close");
      const call = { to: "reviewer", message: "hello" };
      const low = [
        await run("agentmesh send reviewer hello"),
        await run("agentmesh ask reviewer how?"),
        await run("agentmesh inbox --ack"),
        linesWith(await run("agentmesh status"), ["disk ", "intake "]),
        linesWith(await run("agentmesh up"), ["already runs", "warning"]),
        toolScreen('send_message(to: "reviewer", message: "hello")', await writing.tool("send_message", call)),
      ];
      await writing.close();
      rmSync(filler);
      const enough = await until(async () => {
        const sent = await run("agentmesh send reviewer hello");
        return sent.seen.includes("exit code") ? undefined : sent;
      }, "the intake to open");
      await run("agentmesh down");
      return { low, enough };
    }

    chmodSync(home, 0o500);
    const notMade = await run("agentmesh up");
    chmodSync(home, 0o700);
    mkdirSync(mesh, { mode: 0o755 });
    writeFileSync(join(mesh, "key"), "");
    const foreign = await run("agentmesh up");
    const session = await startMcpSession({ home: mesh, cwd: home, under: inside, env: { HOME: home } });
    const tool = toolScreen("list_peers()", await lastingAnswer(session, "list_peers"));
    await session.close();
    rmSync(mesh, { recursive: true });

    const gone = join(home, "worktree");
    const removed = ["sh", "-c", `mkdir ${gone} && cd ${gone} && rmdir ${gone} && exec "$@"`, "sh"];
    const late = await startMcpSession({ home: mesh, cwd: "/", under: [...inside, ...removed], env: { HOME: home } });
    await late.joined();
    await late.close();
    const notice = late.stderr().match(/warning="(.*)"/)?.[1] ?? "";
    await run("agentmesh down");
    rmSync(join(mesh, "start.lock"));
    mkdirSync(join(mesh, "start.lock"));
    chownSync(join(mesh, "start.lock"), USER, USER);
    const folder = await run("agentmesh up");

    rmSync(join(mesh, "start.lock"), { recursive: true });
    chmodSync(join(mesh, "key"), 0);
    const ofMode = await run("agentmesh up");
    chmodSync(join(mesh, "key"), 0o600);
    chownSync(join(mesh, "mesh.db"), 0, 0);
    const foreignFile = await run("agentmesh up");
    chownSync(join(mesh, "mesh.db"), USER, USER);
    rmSync(join(mesh, "port"), { force: true });
    symlinkSync("/mnt/usb/port", join(mesh, "port"));
    const link = await run("agentmesh up");

    const page = troublePage({
      title: "Refusals of the operating system",
      about:
        "What the system refuses is said with file, cause, its code, and what to do. Where it passes by itself, as too many open files, adapters go on trying and models are told to call the tool again; where somebody has to do something, they are told that too, and nothing is lost meanwhile.",
      standIns: [
        [root.path, "/home"],
        [`user ${USER}`, "ada"],
        [`chown ${USER}`, "chown ada"],
        [`chown -R ${USER}`, "chown -R ada"],
      ],
      troubles: [
        {
          symptom: "The state folder belongs to somebody else",
          about:
            "As after `sudo agentmesh up`, or a folder that a container made as root. What is said names the place on the path that refuses, whose it is, and the command that gives it back.",
          screens: [foreign, tool],
        },
        {
          symptom: "A file of the state folder belongs to somebody else",
          about: "As after one command with `sudo`, or a backup that root put back.",
          screens: [foreignFile],
        },
        {
          symptom: "A file or folder is one's own and its mode is in the way",
          about:
            "A folder of mode 0500 or 0400 is said the same way. A look at a mesh whose broker runs needs to read alone.",
          screens: [ofMode],
        },
        {
          symptom: "The state folder cannot be made",
          about: "The folder that it is to be made in does not let this user, however deep in it that would be.",
          screens: [notMade],
        },
        {
          symptom: "A symbolic link leads nowhere",
          about: "As to a disk that is not there.",
          screens: [link],
        },
        { symptom: "The disk is mounted read-only", about: "Also inside sandboxes.", screens: [readOnly] },
        {
          symptom: "The disk is full at the first start",
          about: "A running broker keeps a reserve for acks: see operations.md.",
          screens: [full],
        },
        {
          symptom: "The disk fills up while the broker runs",
          about:
            "With less than 256 MiB free nothing new is accepted, before anything fails; reading and acks go on. As soon as there is room it goes on by itself: [a low disk](../operations.md#a-low-disk).",
          screens: [...low, enough],
        },
        {
          symptom: "A folder stands where a file belongs",
          about: "Docker makes one when it is to mount a file that does not exist.",
          screens: [folder],
        },
        {
          symptom: "The working directory was removed",
          about:
            "A worktree that was removed under its session. The adapter serves all the same; this is told to the model once.",
          screens: [{ typed: "> the first tool call", seen: notice }],
        },
      ],
    });
    const settledPage = page.replaceAll(/(disk {8}|disk has )\d+(\.\d)? MiB/g, "$1100 MiB");
    await expect(settledPage).toMatchFileSnapshot(troublePath("refusals"));
  },
  600_000,
);
