/** Our programs as commands of a shell, as `programs/build.ts` made them. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ProgramName, programLine } from "../programs.ts";

const programs: Readonly<Record<string, ProgramName>> = {
  agentmesh: "cli",
  "agentmesh-mcp": "mcp",
  "agentmesh-broker": "broker",
};

/** Writes them into a folder; returns a PATH that has them, and the Node of this clone, before everything else. */
export function commandsOnPath(bin: string): string {
  mkdirSync(bin, { recursive: true });
  for (const [name, program] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${programLine(program)} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return [bin, dirname(process.execPath), process.env.PATH].join(":");
}
