/** `pnpm start`: a broker on this machine, a first conversation to watch, and how to connect one's own agents. */
import {
  findBroker,
  locate,
  makeStateFolder,
  openStateFolder,
  StateFolderError,
  UntrustedBrokerError,
} from "@agentmesh/client/node";
import { connectionHelp } from "./connection-help.ts";
import { showConversation } from "./conversation.ts";
import { heading, line } from "./screen.ts";
import { BrokerFailedError, serveBroker } from "./serve-broker.ts";

const once = process.argv.includes("--once");
const unknown = process.argv.slice(2).filter((argument) => argument !== "--once" && argument !== "--");
if (unknown.length > 0) fail(`start knows --once only, not ${unknown.join(" ")}.`, 2);

try {
  const folder = openStateFolder();
  makeStateFolder(folder);
  const address = locate(folder);
  if (!address.local)
    fail(`AGENTMESH_URL names ${address.url}, which is not this machine. Unset it to start a broker here.`, 2);
  const running = await findBroker(folder, address);
  if (running) {
    heading(`A broker already runs at ${running.url} (version ${running.version}, state folder ${folder.path}).`);
    line("It goes on running; connect your agents to it:");
    connectionHelp(running.url);
    process.exit(0);
  }
  const broker = await serveBroker(folder, Number(new URL(address.url).port));
  heading(`Broker at ${broker.url}`);
  line(`state folder ${folder.path}, log ${folder.logFile}`);
  try {
    await showConversation(broker.url, folder);
  } catch (error) {
    await broker.stop();
    throw error;
  }
  if (once) {
    await broker.stop();
    line("Stopped after the demonstration (--once).");
    process.exit(0);
  }
  connectionHelp(broker.url);
  heading("Serving until Ctrl-C.");
  const code = await broker.ended;
  line(
    code === 0 ? "Stopped. What waits is on disk." : `The broker ended with exit code ${code}; see ${folder.logFile}.`,
  );
  process.exit(code);
} catch (error) {
  const expected = [StateFolderError, UntrustedBrokerError, BrokerFailedError].some((kind) => error instanceof kind);
  if (expected && error instanceof Error) fail(error.message, 1);
  throw error;
}

function fail(message: string, code: number): never {
  console.error(`\n  ${message}\n`);
  process.exit(code);
}
