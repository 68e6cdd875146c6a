/** From the command line to a serving adapter: the composition root. */
import { plainLine, VERSION } from "@agentmesh/protocol";
import { AgentSession } from "./agent-session.ts";
import { helpText, resolveConfig } from "./config.ts";
import { pauseAtMost, stayUntilOver } from "./life-cycle.ts";
import { createLog } from "./log.ts";
import { createServer } from "./server.ts";
import { AnsweringTransport } from "./transport.ts";

/** How long answers under way may still take when the client has closed, in milliseconds. */
const DRAIN_MS = 1_200;

/** Serves MCP on stdin and stdout until the client is gone; or prints the help or the version. */
export async function run(args: readonly string[]): Promise<void> {
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

  const { config, warnings } = resolveConfig(process.env, process.cwd());
  const log = createLog(config.logLevel, (line) => process.stderr.write(line));
  for (const warning of warnings) log.warn("config.corrected", { warning });

  const transport = new AnsweringTransport((error) => log.warn("transport.failed", { error }));
  const session = new AgentSession({ config, log, warnings });
  const { server, idle } = createServer({ session, transport, log });
  session.attach({
    clientName: () => server.getClientVersion()?.name,
    notify: (method, params) => server.notification({ method, params }),
  });
  stayUntilOver({
    log,
    closed: (over) => {
      server.onclose = () => over("the connection was closed");
    },
    leave: async () => {
      await pauseAtMost(idle(), DRAIN_MS);
      await session.leave();
    },
  });
  await server.connect(transport);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
