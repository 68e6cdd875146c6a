/** The real programs, installed from npm into a folder of their own; kept where AGENTMESH_CLIENTS_DIR says. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";

const run = promisify(execFile);
const INSTALL_MS = 600_000;

/** Where programs are installed: one folder each, as the registry has them today or as they were left by an earlier run. */
export class Installs {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Installs a package once; returns the folder of its programs and its version. @throws what npm says */
  async program(name: string, packageName: string, wanted = "latest"): Promise<{ bin: string; version: string }> {
    const folder = join(this.path, name);
    const manifest = join(folder, "node_modules", packageName, "package.json");
    if (!existsSync(manifest)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
      // Programs bring their binaries by install scripts, and some choose their version by the Node that installs them.
      const args = ["install", "--no-audit", "--no-fund", `${packageName}@${wanted}`];
      const env = { ...process.env, PATH: [join(process.execPath, ".."), process.env.PATH].join(delimiter) };
      await run("npm", args, { cwd: folder, env, timeout: INSTALL_MS });
    }
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, "utf8")));
    return { bin: join(folder, "node_modules", ".bin"), version };
  }
}
