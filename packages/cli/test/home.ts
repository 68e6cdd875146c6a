/** A person's home directory for the tests of setup. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cleanEnv, runProgram, type TempDir, tempDir } from "testkit";
import type * as z from "zod";

/** A home directory with nothing in it, and the command line that takes it for its person's. */
export class Home implements Disposable {
  readonly folder: TempDir = tempDir();
  readonly path = join(this.folder.path, "home dir");

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(join(this.path, "bin"), { recursive: true });
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), "utf8");
  }

  json<T>(name: string, schema: z.ZodType<T>): T {
    return schema.parse(JSON.parse(this.read(name)));
  }

  /** A program of that name on PATH. */
  program(name: string, version: string): void {
    this.write(join("bin", name), `#!/bin/sh\necho "${version}"\n`);
    chmodSync(join(this.path, "bin", name), 0o755);
  }

  /** Every file with its text and mode. */
  files(): Record<string, string> {
    const names = readdirSync(this.path, { recursive: true, encoding: "utf8" });
    const files = names.filter((name) => lstatSync(join(this.path, name)).isFile()).sort();
    return Object.fromEntries(
      files.map((name) => [name, `${statSync(join(this.path, name)).mode.toString(8)} ${this.read(name)}`]),
    );
  }

  run(args: readonly string[], more: Record<string, string | undefined> = {}) {
    return runProgram("cli", args, { env: this.env(more), cwd: this.path });
  }

  env(more: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
    return cleanEnv({
      HOME: this.path,
      USERPROFILE: this.path,
      PATH: join(this.path, "bin"),
      NO_COLOR: undefined,
      FORCE_COLOR: undefined,
      // Whoever runs this by npx or npm has it.
      npm_config_cache: undefined,
      ...more,
    });
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}
