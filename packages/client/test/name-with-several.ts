/** A program for tests: finds a broker by a name with several addresses, and says by which it was found. */
import { connect, locate, openStateFolder, requireBroker } from "../src/node/index.ts";

const [home = "", port = "", token = ""] = process.argv.slice(2);
const folder = openStateFolder(home);
const url = `https://mesh.example:${port}`;
const address = locate(folder, {}, url);
const found = await requireBroker(folder, address);
console.log(`found at ${found.at} of ${(found.others ?? 0) + 1}`);
const again = await requireBroker(folder, address, undefined, found);
console.log(`and again at ${again.at}`);
const { agents } = await connect({ folder, token, url, retryForMs: 0 }).listAgents();
console.log(`agents: ${agents.map(({ name }) => name).join()}`);
await requireBroker(folder, locate(folder, {}, `https://gone.example:${port}`)).catch((error: Error) => {
  console.log(error.message);
});
process.exit();
