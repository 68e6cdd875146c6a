#!/usr/bin/env node
/** The program `agentmesh-mcp`: refuses a Node that is too old before anything newer is loaded, then runs. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
/** Each session has such a process, and it waits most of the time: what it does seldom is not compiled, what it does a lot still is. */
const FEW_PAGES = [
  // What it makes within a turn is little: with more room for that, it is only collected later.
  "--semi-space-growth-factor=1",
  "--no-sparkplug",
  "--invocation-count-for-maglev=20000",
  "--invocation-count-for-maglev-osr=2000",
  "--invocation-count-for-turbofan=60000",
  "--invocation-count-for-osr=20000",
];
const [command, ...args] = process.argv.slice(2);
if (major < 22 || (major === 22 && minor < 18)) {
  // What a hook prints is shown at every prompt; the adapter of the same session says what is wrong.
  if (command === "hook") process.exit(0);
  process.stderr.write(
    `agentmesh-mcp needs Node 22.18 or newer, and this is ${process.versions.node} (${process.execPath}). ` +
      "Install a newer one from https://nodejs.org, or name its full path as the command in your MCP configuration.\n",
  );
  process.exitCode = 1;
} else if (command === "hook") {
  void hook();
} else {
  void adapter();
}

/** Not compiled ahead: a hook is a few pages, and runs once per tool call. */
async function hook(): Promise<void> {
  const { runHook } = await import("./hooks/run-hook.ts");
  await runHook(args, process.env);
}

async function adapter(): Promise<void> {
  process.getBuiltinModule("node:module").enableCompileCache();
  // Before the flags: under others than its own, Node compiles its modules anew.
  for (const each of ["http", "net", "crypto", "child_process", "cluster", "vm"])
    process.getBuiltinModule(`node:${each}`);
  process.getBuiltinModule("node:v8").setFlagsFromString(FEW_PAGES.join(" "));
  const { run } = await import("./run.ts");
  await run(process.argv.slice(2));
}
