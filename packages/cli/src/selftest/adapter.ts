/** A session with the real adapter, without its client: MCP over standard input and output, and the hooks a client runs. */
import type { ChildProcess } from "node:child_process";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { jsonIn } from "../json-in.ts";
import { Failed, insist, inTime, until } from "./steps.ts";
import type { ThrowAwayMesh } from "./throw-away-mesh.ts";

/** Of an answer of the adapter as much as is looked at. */
const Answer = z.object({
  id: z.int(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});
const ToolResult = z.object({
  content: z.array(z.object({ text: z.string().optional() })),
  isError: z.boolean().optional(),
});

/** It takes its files away; nobody is told that it left. */
const LEAVES_WITHIN_MS = 500;

/** How an adapter is started. */
export interface AdapterTerms {
  /** The name that the client gives in the handshake. */
  readonly client: string;
  /** Name of its agent. */
  readonly name: string;
  /** The push path that is tried. Others may start the client itself: `codex queue` does. */
  readonly push: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A running session. */
export class AdapterSession implements AsyncDisposable {
  readonly #mesh: ThrowAwayMesh;
  readonly #child: ChildProcess;
  readonly #env: Readonly<Record<string, string>>;
  readonly #waiting = new Map<number, (answer: z.infer<typeof Answer>) => void>();
  #asked = 0;
  #read = "";

  private constructor(mesh: ThrowAwayMesh, { env = {}, name, push }: AdapterTerms) {
    this.#mesh = mesh;
    // Where the broker is, the state folder says.
    this.#env = {
      ...env,
      AGENTMESH_NAME: name,
      AGENTMESH_PUSH: push,
      AGENTMESH_CANARY: "off",
      AGENTMESH_SUMMARY: "none",
    };
    this.#child = mesh.spawn(mesh.programs.adapter, [], { stdio: ["pipe", "pipe", "ignore"], env: this.#env });
    this.#child.stdin?.on("error", () => {});
    this.#child.stdout?.setEncoding("utf8").on("data", (piece: string) => this.#take(piece));
  }

  /** Starts one; resolves when its agent is online in the mesh. @throws Failed */
  static async open(mesh: ThrowAwayMesh, terms: AdapterTerms): Promise<AdapterSession> {
    const session = new AdapterSession(mesh, terms);
    const clientInfo = { name: terms.client, version: "0" };
    await session.#ask("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
    session.#write({ jsonrpc: "2.0", method: "notifications/initialized" });
    // A session that calls no tool joins two seconds later; whether this call comes in time does not matter.
    await session.#ask("tools/call", { name: "whoami", arguments: {} });
    const admin = mesh.admin();
    await until("the agent of the session", async () => {
      const { agents } = await admin.listAgents({});
      return agents.find(({ name, presence }) => name === terms.name && presence === "online");
    });
    return session;
  }

  /** What a tool says. @throws Failed */
  async tool(name: string, input: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { content, isError } = ToolResult.parse(await this.#ask("tools/call", { name, arguments: input }));
    const said = content.map((part) => part.text ?? "").join("\n");
    insist(isError !== true, `the tool ${name} says: ${said.slice(0, 300)}`);
    return said;
  }

  /** Runs the hook program as the client would, with this on its standard input. */
  async hook(kind: string, input: Readonly<Record<string, unknown>>, ...options: string[]) {
    const args = ["hook", kind, ...options];
    const child = this.#mesh.spawn(this.#mesh.programs.adapter, args, { stdio: "pipe", env: this.#env });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.stdin?.on("error", () => {}).end(JSON.stringify({ cwd: this.#mesh.path, ...input }));
    const [code, printed, woke] = await inTime(
      "the end of the hook",
      Promise.all([ended, child.stdout ? text(child.stdout) : "", child.stderr ? text(child.stderr) : ""]),
    );
    return { code, printed, woke };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, LEAVES_WITHIN_MS).unref())]);
    }
    await this.#mesh.end(this.#child);
  }

  async #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#asked;
    const answer = new Promise<z.infer<typeof Answer>>((resolve) => this.#waiting.set(id, resolve));
    this.#write({ jsonrpc: "2.0", id, method, params });
    const { result, error } = await inTime(`the adapter's answer to ${method}`, answer);
    if (error) throw new Failed(`the adapter refuses ${method}: ${error.message}`);
    return result;
  }

  #write(message: object): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #take(piece: string): void {
    const lines = (this.#read + piece).split("\n");
    this.#read = lines.pop() ?? "";
    for (const line of lines) {
      // What the adapter says unasked is not looked at.
      const answer = Answer.safeParse(jsonIn(line)).data;
      if (answer) this.#waiting.get(answer.id)?.(answer);
    }
  }
}
