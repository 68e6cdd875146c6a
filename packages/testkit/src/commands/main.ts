/** `pnpm commands`: puts agentmesh, agentmesh-mcp and agentmesh-broker of this clone on the user's PATH. */
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { heading, line, typed } from "../start/screen.ts";
import { commands, InstallationError, install, type Places, remove } from "./installation.ts";

const HELP = `pnpm commands: puts ${Object.keys(commands).join(", ")} of this clone on your PATH

  --bin DIR      folder of the commands (default ~/.local/bin)
  --prefix DIR   folder of what they run (default ~/.local/share/agentmesh)
  --remove       takes both away again; the mesh and its messages stay
`;

const { values, error } = flags();
if (error !== undefined) fail(`${error}\n\n${HELP}`, 2);
const places: Places = {
  clone: fileURLToPath(new URL("../../../..", import.meta.url)),
  prefix: resolve(values.prefix ?? join(homedir(), ".local", "share", "agentmesh")),
  bin: resolve(values.bin ?? join(homedir(), ".local", "bin")),
};

if (values.help) {
  process.stdout.write(HELP);
} else if (values.remove) {
  const removed = remove(places);
  heading(removed.length > 0 ? `Removed: ${removed.join(", ")}` : "Nothing of agentmesh is installed there.");
  if (removed.length > 0)
    line("Your mesh stays. Client configurations that name these paths: agentmesh setup writes, uninstall removes.");
} else {
  try {
    if (process.platform === "win32")
      throw new InstallationError("It writes start files for sh, which Windows has not.");
    install(places);
  } catch (failure) {
    if (failure instanceof InstallationError) fail(failure.message, 1);
    throw failure;
  }
  heading(`${Object.keys(commands).join(", ")} are in ${places.bin}`);
  line(`They run from ${places.prefix}, on a Node of their own. After a change of this clone, run this again.`);
  if (process.env.PATH?.split(delimiter).includes(places.bin) !== true) {
    line(`${places.bin} is not on your PATH yet. In this shell, and in your profile:`);
    typed(`export PATH="${places.bin}:$PATH"`);
  }
  line("Next, connect your agents: agentmesh setup");
}

function flags() {
  const options = {
    bin: { type: "string" },
    prefix: { type: "string" },
    remove: { type: "boolean" },
    help: { type: "boolean" },
  } as const;
  const args = process.argv.slice(2).filter((argument) => argument !== "--");
  try {
    return { values: parseArgs({ args, options }).values, error: undefined };
  } catch (failure) {
    return { values: {}, error: failure instanceof Error ? failure.message : String(failure) };
  }
}

function fail(message: string, code: number): never {
  process.stderr.write(`\n  ${message}\n`);
  process.exit(code);
}
