/** `pnpm start`: a broker, a conversation to watch, an agent to write to, and how to connect one's own. */
import { Hindrance } from "@agentmesh/client";
import { locate, makeStateFolder, openStateFolder } from "@agentmesh/client/node";
import { connectionHelp, firstMessageHelp } from "./connection-help.ts";
import { showConversation } from "./conversation.ts";
import { DemoFailedError } from "./demo-mesh.ts";
import { ECHO, joinEcho } from "./echo.ts";
import { heading, line } from "./screen.ts";
import { serve } from "./serve.ts";

const INTERRUPTED = 130;

const once = process.argv.includes("--once");
const unknown = process.argv.slice(2).filter((argument) => argument !== "--once" && argument !== "--");
if (unknown.length > 0) fail(`start knows --once only, not ${unknown.join(" ")}.`, 2);

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());

try {
  process.exit(await start());
} catch (error) {
  if (stop.signal.aborted) {
    line();
    line("Ended before it served; a broker that it had started is stopped.");
    process.exit(INTERRUPTED);
  }
  if (error instanceof Hindrance || error instanceof DemoFailedError) fail(error.message, 1);
  throw error;
}

async function start(): Promise<number> {
  const folder = openStateFolder();
  makeStateFolder(folder);
  const address = locate(folder);
  if (!address.local) {
    fail(`${address.namedBy} names ${address.url}, which is not this machine. Unset it to start a broker here.`, 2);
  }
  await using broker = await serve(folder, address);
  heading(broker.own ? `Broker at ${broker.url}` : `A broker already runs at ${broker.url}, version ${broker.version}`);
  line(`state folder ${folder.path}`);
  line(broker.own ? `log ${folder.logFile}` : "It is used as it is, and goes on running when this ends.");
  await showConversation(stop.signal);
  if (once) {
    line(broker.own ? "Stopped after the demonstration (--once)." : "Ended after the demonstration (--once).");
    return 0;
  }
  const echo = await joinEcho(folder, (notice) => line(notice));
  firstMessageHelp(echo?.name ?? ECHO);
  connectionHelp(broker.url);
  if (!echo) {
    heading("Another start serves here and has its echo there: this one has nothing left to do.");
    return 0;
  }
  heading(broker.own ? "Serving until Ctrl-C." : `${echo.name} answers until Ctrl-C.`);
  const ended = await broker.untilEnded(stop.signal);
  const out = await echo.leave();
  line();
  line(
    out
      ? `${echo.name} has left the mesh.`
      : `${echo.name} is offline now; what is sent to it waits. The next start takes it up, agentmesh agent remove ${echo.name} takes it out.`,
  );
  if (!ended) {
    line(broker.own ? "Stopped. What waits is on disk." : `The broker at ${broker.url} goes on running.`);
    return 0;
  }
  line(
    ended === "asked"
      ? "The broker was stopped. What waits is on disk."
      : `The broker is gone: it was killed, or the end of its log says why (${folder.logFile}). What it accepted is on disk. Start again: npx -y pnpm@12 start`,
  );
  return ended === "asked" ? 0 : 1;
}

function fail(message: string, code: number): never {
  console.error(`\n  ${message}\n`);
  process.exit(code);
}
