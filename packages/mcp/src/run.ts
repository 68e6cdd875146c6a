/** From the command line to a serving adapter: the composition root. */
import "./schemas.ts";
import { existsSync } from "node:fs";
import { refusalSentences } from "@agentmesh/client/node";
import { giveBackUnusedMemory, plainLine, systemRefusal, VERSION } from "@agentmesh/protocol";
import { AgentSession } from "./agent-session.ts";
import { helpText, resolveConfig } from "./config/config.ts";
import { pauseAtMost, stayUntilOver } from "./life-cycle.ts";
import { createLog } from "./log.ts";
import { Server } from "./server.ts";
import { StdioTransport } from "./wire/transport.ts";
import { workingDirectory } from "./working-directory.ts";

/** How long answers under way may still take when the client has closed, in milliseconds. */
const DRAIN_MS = 1_200;

function goneSentence(directory: string): string {
  return `${plainLine(directory, 200)}, where this agent works, does not exist any more: branch and repository are not known. To be listed where you work, start the client again in a directory that exists.`;
}

/** Serves MCP on stdin and stdout until the client is gone; or prints the help or the version. */
export async function run(args: readonly string[]): Promise<void> {
  process.on("uncaughtException", (error) => {
    const refusal = systemRefusal(error);
    process.stderr.write(refusal ? `agentmesh-mcp: ${refusalSentences(refusal)}\n` : `${error.stack ?? error}\n`);
    process.exit(1);
  });
  const [first] = args;
  if (first === "--version" || first === "-v") return print(VERSION);
  if (first === "--help" || first === "-h") return print(helpText());
  if (first !== undefined) {
    process.stderr.write(
      `agentmesh-mcp does not know "${plainLine(first)}". It takes hook, --help and --version only.\n`,
    );
    process.exitCode = 2;
    return;
  }

  const { config, warnings } = resolveConfig(process.env, workingDirectory(process.env));
  if (!existsSync(config.directory)) warnings.push(goneSentence(config.directory));
  const log = createLog(config.logLevel, (line) => process.stderr.write(line));
  for (const warning of warnings) log.warn("config.corrected", { warning });

  const transport = new StdioTransport(log);
  const session = new AgentSession({ config, log, warnings });
  const server = new Server({ session, transport, log, longestCallMs: config.longestCallMs });
  session.attach({
    clientName: () => server.clientName,
    notify: (method, params) => server.notify(method, params),
  });
  stayUntilOver({
    log,
    leave: async () => {
      await pauseAtMost(server.idle(), DRAIN_MS);
      await session.leave();
    },
  });
  server.start();
  giveBackUnusedMemory();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
