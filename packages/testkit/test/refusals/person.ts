/** A person of this machine without rights, with a state folder that gets broken and mended as the programs say. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BrokerFile } from "@agentmesh/protocol";
import { cleanEnv, type ProgramName, programArgs, type RunningProgram, tempDir, until, watched } from "testkit";
import { expect } from "vitest";
import * as z from "zod";

/** Nobody has that id: it has no name, as users of a directory service may have none here. */
export const USER = 4_201;

/** A way in which a file or folder may be wrong: what is done to it, the system's word for it, and whose it is said to be. */
export interface Wrong {
  readonly code: RegExp;
  readonly said: RegExp;
  make(path: string): void;
}

const ofMode = (mode: number, denied: RegExp): Wrong => ({
  code: /EACCES/,
  said: new RegExp(`yours, and its mode 0${mode.toString(8).padStart(3, "0")} does not let you ${denied.source}`),
  make: (path) => chmodSync(path, mode),
});

/** Every way, by its name. */
export const wrongs = {
  "mode 000": ofMode(0, /(use|enter) it/),
  "mode 0200": ofMode(0o200, /read it/),
  "mode 0400": ofMode(0o400, /(write to|enter) it/),
  "mode 0500": ofMode(0o500, /write there/),
  "root's": {
    code: /EACCES/,
    said: /owned by root \(mode 0\d{3}\), and you are user 4201/,
    make(path) {
      chownSync(path, 0, 0);
      chmodSync(path, statSync(path).isDirectory() ? 0o755 : 0o600);
    },
  },
  "root's, closed": {
    code: /EACCES/,
    said: /owned by root \(mode 0700\), and you are user 4201/,
    make(path) {
      chownSync(path, 0, 0);
      chmodSync(path, 0o700);
    },
  },
  "root's, open to all": {
    code: /EPERM/,
    said: /owned by root, and you are user 4201/,
    make(path) {
      chownSync(path, 0, 0);
      chmodSync(path, 0o777);
    },
  },
  "a folder": {
    code: /EISDIR/,
    said: /is a folder, where a file belongs/,
    make: (path) => replaced(path, () => mkdirSync(join(path, "x"), { recursive: true })),
  },
  "a file": {
    code: /ENOTDIR|EEXIST/,
    said: /is a file, where a folder belongs/,
    make: (path) => replaced(path, () => writeFileSync(path, "")),
  },
  "a dangling link": {
    code: /ENOENT/,
    said: /is a symbolic link to \/nowhere\/x, which leads nowhere/,
    make: (path) => replaced(path, () => symlinkSync("/nowhere/x", path)),
  },
  "a link to itself": {
    code: /ELOOP/,
    said: /is a symbolic link to .*, which leads nowhere/,
    make: (path) => replaced(path, () => symlinkSync(path, path)),
  },
  "a link to the file": {
    code: /ELOOP/,
    said: /is a symbolic link to .*, where none may be/,
    make(path) {
      renameSync(path, `${path}.real`);
      symlinkSync(`${path}.real`, path);
    },
  },
  "on a disk mounted read-only": {
    code: /EROFS/,
    said: /the file system at .* is mounted read-only/,
    make(path) {
      const options = `ro,uid=${USER},gid=${USER},mode=700`;
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]).status).toBe(0);
    },
  },
} as const satisfies Record<string, Wrong>;

export type WrongName = keyof typeof wrongs;

function replaced(path: string, make: () => void): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  make();
  lchownSync(path, USER, USER);
  chownSync(dirname(path), USER, USER);
}

const Answer = z.object({ code: z.number().nullable(), text: z.string() });

/** How a program ended, and all that it said. */
export type Said = z.infer<typeof Answer>;

/** One process that runs one of our programs as often as it is asked to. */
export interface Patient extends Disposable {
  run(args: readonly string[]): Promise<Said>;
}

const USER_ARGS = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];

/** Where what Node makes of the sources is kept for the person: one folder, however many of them a run has. */
function compiled(): string {
  const path = join(tmpdir(), `agentmesh-test-compiled-${USER}`);
  mkdirSync(path, { recursive: true });
  chownSync(path, USER, USER);
  return path;
}

/** A person with a home folder; it is gone when the scope ends, mounts and all. */
export function openPerson() {
  const root = tempDir();
  chmodSync(root.path, 0o755);
  const home = join(root.path, "home");
  const mesh = join(home, ".agentmesh");
  mkdirSync(home);
  chownSync(home, USER, USER);
  const env = cleanEnv({ HOME: home, AGENTMESH_PORT: "0", AGENTMESH_BALLAST_BYTES: "65536" });
  const asUser = (command: readonly string[], more = {}) => {
    const all = [...USER_ARGS, ...command];
    return watched(spawn("setpriv", all, { cwd: "/", env: { ...env, ...more }, stdio: ["pipe", "pipe", "pipe"] }));
  };
  const start = (name: ProgramName, args: readonly string[]) => asUser([process.execPath, ...programArgs(name, args)]);
  return {
    home,
    mesh,
    asUser,
    start,
    /** A file of theirs, with its folders. */
    write(name: string, text: string) {
      const path = join(home, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode: 0o600 });
      spawnSync("chown", ["-R", `${USER}:${USER}`, home]);
      return path;
    },
    /** Runs a program as the person, to its end. */
    run: (name: ProgramName, args: readonly string[]): Promise<Said> => over(start(name, args)),
    /** A program of which one process does one command line after the other: a start of Node for each would take minutes. */
    patient(name: "broker" | "cli"): Patient {
      const module = name === "broker" ? "../../../broker/src/serve.ts" : "../../../cli/src/exit.ts";
      const paths = ["./patient.ts", module].map((path) => fileURLToPath(new URL(path, import.meta.url)));
      const program = spawn("setpriv", [...USER_ARGS, process.execPath, "--conditions=@agentmesh/source", ...paths], {
        ...{ cwd: "/", env: { ...env, NODE_COMPILE_CACHE: compiled() } },
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      const ended = once(program, "exit").then(([code, signal]) => {
        throw new Error(`${name} ended the process of its patient: ${signal ?? code}`);
      });
      ended.catch(() => undefined);
      return {
        async run(args) {
          const said = once(program, "message");
          program.send(args);
          const [answer] = await Promise.race([said, ended]);
          return Answer.parse(answer);
        },
        [Symbol.dispose]: () => void program.kill("SIGKILL"),
      };
    },
    /** The first command that a text names: done, `sudo` as root and the rest as the person. */
    mend(text: string): void {
      const [, command = `no command in: ${text}`] = COMMAND.exec(text) ?? [];
      for (const part of command.split(" && ")) {
        const own = part.replace(/^sudo /, "");
        const as = own === part ? ["setpriv", ...USER_ARGS] : ["env"];
        const { status, stderr } = spawnSync("/usr/bin/env", [...as, "sh", "-c", own], { encoding: "utf8", cwd: "/" });
        expect(status, `${part}: ${stderr}`).toBe(0);
      }
    },
    [Symbol.dispose]() {
      endBroker(join(mesh, "broker.json"));
      spawnSync("umount", ["-q", mesh]);
      root[Symbol.dispose]();
    },
  };
}

/** Ends the broker that an `up` left, if one did. */
function endBroker(announcement: string): void {
  try {
    process.kill(BrokerFile.parse(JSON.parse(readFileSync(announcement, "utf8"))).pid, "SIGTERM");
  } catch {
    // There is none, or it has ended.
  }
}

export type Person = ReturnType<typeof openPerson>;

async function over(program: RunningProgram): Promise<Said> {
  program.child.stdin?.end();
  const { code } = await program.exit;
  return { code, text: program.stdout() + program.stderr() };
}

/** The command in a sentence of ours: up to the end of the sentence. */
const COMMAND = /(?:: |\()((?:sudo )?(?:chmod|chown|mv|rm|mount) .+?)(?:\.(?=\s|$)|\), or |, then |$)/m;

/** Runs the broker until it serves, and ends it; code 0 when it came to that. */
export async function served(person: Person): Promise<Said> {
  const broker = person.start("broker", ["--port", "0"]);
  let over = false;
  void broker.exit.then(() => {
    over = true;
  });
  const isUp = () => broker.stdout().includes("broker.started");
  await until(() => over || isUp(), "the broker to serve or end", 60_000);
  broker.child.kill("SIGTERM");
  const { code } = await broker.exit;
  return { code: isUp() ? 0 : code, text: broker.stdout() + broker.stderr() };
}
