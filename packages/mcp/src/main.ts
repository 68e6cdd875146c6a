#!/usr/bin/env node
/** The program `agentmesh-mcp`: refuses a Node that is too old before anything newer is loaded, then runs. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [command, ...args] = process.argv.slice(2);
if (major < 22 || (major === 22 && minor < 18)) {
  // What a hook prints is shown at every prompt; the adapter of the same session says what is wrong.
  if (command === "hook") process.exit(0);
  process.stderr.write(
    `agentmesh-mcp needs Node 22.18 or newer, and this is ${process.versions.node} (${process.execPath}). ` +
      "Install a newer one from https://nodejs.org, or name its full path as the command in your MCP configuration.\n",
  );
  process.exitCode = 1;
} else {
  if (command === "hook") {
    // Not compiled ahead: a hook is a few pages, and runs once per tool call.
    const { runHook } = await import("./hooks/run-hook.ts");
    await runHook(args, process.env);
  } else {
    process.getBuiltinModule("node:module").enableCompileCache();
    // What it makes within a turn is little: with more room for that, it is only collected later. Each session has such a process.
    process.getBuiltinModule("node:v8").setFlagsFromString("--semi-space-growth-factor=1");
    const { run } = await import("./run.ts");
    await run(process.argv.slice(2));
  }
}
