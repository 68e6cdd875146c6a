/** A machine of a network as people use it: a state folder of its own, and the commands that they type. */
import { cleanEnv, type LanMachine, tempDir } from "testkit";
import { expect } from "vitest";
import * as z from "zod";

const Agents = z.object({ agents: z.array(z.object({ name: z.string(), host: z.string().optional() })) });

/** A machine with a state folder of its own, and what is typed there. */
export class Desk implements Disposable {
  readonly machine: LanMachine;
  readonly #home = tempDir();

  constructor(machine: LanMachine) {
    this.machine = machine;
  }

  get home(): string {
    return this.#home.path;
  }

  run(...args: string[]) {
    return this.machine.run("cli", args, { env: cleanEnv({ AGENTMESH_HOME: this.home }) });
  }

  /** What a command that does what it shall prints. */
  async done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    expect(code, `${args[0]}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  }

  /** What a command says that is refused. */
  async refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    expect(code, `${args[0]}: ${stdout}${stderr}`).not.toBe(0);
    expect(stdout).toBe("");
    return stderr.replace(/\s+/g, " ");
  }

  /** The word of a new invite's line. */
  async invited(...options: string[]): Promise<string> {
    return (await this.done("invite", ...options)).trim().split(" ").at(-1) ?? "";
  }

  /** Joins by that word. */
  async joined(word: string, host: string): Promise<void> {
    expect(await this.done("join", word, "--host", host)).toContain("a call and a stream got through");
  }

  /** Who is in the mesh, by the machine of each. */
  async agents(): Promise<string[]> {
    const { agents } = Agents.parse(JSON.parse(await this.done("agents", "--json")));
    // Who types on a machine is an agent of it as well.
    const others = agents.filter(({ name }) => !name.endsWith("cli"));
    return others.map(({ name, host }) => `${name} on ${host}`).sort();
  }

  [Symbol.dispose](): void {
    this.#home[Symbol.dispose]();
  }
}
