#!/usr/bin/env node
/** The bin `agentmesh`: checks Node before anything else is loaded, then runs the command line. */
import module from "node:module";

const NEEDED = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `agentmesh needs Node ${NEEDED.join(".")} or newer; this is Node ${process.versions.node} (${process.execPath}). Install a newer one from https://nodejs.org and run it again.`,
  );
  process.exit(1);
}

module.enableCompileCache?.();
const { run } = await import("./exit.ts");
process.exitCode = await run(process.argv.slice(2));
