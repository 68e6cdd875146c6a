#!/usr/bin/env node
/** The program `agentmesh-broker`: checks Node, then serves. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `agentmesh-broker needs Node 22.18 or newer; this is ${process.versions.node} (${process.execPath}). Install a newer one from https://nodejs.org and run it again.`,
  );
  process.exit(72);
}
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { serve } = await import("./serve.ts");
process.exit(await serve(process.argv.slice(2)));

export {};
