#!/usr/bin/env node
/** The program `agentmesh-mcp`: refuses a Node that is too old before anything newer is loaded, then runs. */
import module from "node:module";

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
  module.enableCompileCache();
  if (command === "hook") {
    const { runHook } = await import("./hooks/run-hook.ts");
    await runHook(args, process.env);
  } else {
    const { run } = await import("./run.ts");
    await run(process.argv.slice(2));
  }
}
