/** The broker: whether it runs, where, and who else answers in its place. */
import { existsSync } from "node:fs";
import { Hindrance, MeshApiError } from "@agentmesh/client";
import { isServed, requireAnswered, requireBroker, saidAddress } from "@agentmesh/client/node";
import { plainLine } from "@agentmesh/protocol";
import { otherPort } from "../commands/broker/up.ts";
import { shortPath } from "../describe.ts";
import { since } from "../terminal/clock.ts";
import { type Check, type Finding, ok } from "./check.ts";
import { command, type Site } from "./site.ts";

const ABOUT = "broker";

/** Whether the broker of the folder, or the one that is named, is reached. */
export const broker: Check = {
  name: "broker",
  looksAt:
    "who answers at the broker's address: the mesh's own, another program, the broker of another folder or of a copy, nobody; of a broker elsewhere, whether it is reached, has the pinned certificate and knows this machine",
  async look(site) {
    const address = site.context.address();
    const absence = address.local ? await absent(site) : await unreached(site);
    if (absence !== undefined) return [absence];
    const mesh = await site.mesh();
    if (mesh === undefined) return [unknown(saidAddress(address), address.namedBy, site)];
    const { status, version } = mesh;
    if (status === undefined)
      return [ok(ABOUT, `version ${plainLine(version, 40)} at ${saidAddress(address)}, of another machine`)];
    const port = otherPort(status).map(([, said]) => said);
    const url = address.joined === undefined ? status.url : `${address.url}, joined as ${address.joined.host}`;
    const at = `version ${status.version} at ${url}, pid ${status.pid}, up ${since(status.startedAt)}`;
    return [ok(ABOUT, [at, ...(port.length > 0 ? [`port ${port.join(" ")}`] : [])].join("; "))];
  },
};

/** Why a broker elsewhere is not reached, or not believed: by its certificate, or because it does not know this machine. */
async function unreached(site: Site): Promise<Finding | undefined> {
  const address = site.context.address();
  try {
    await requireBroker(site.folder, address);
    await (await site.context.admin({ retryForMs: 0 })).listAgents({ limit: 1 });
    return undefined;
  } catch (error) {
    if (!(error instanceof Hindrance || error instanceof MeshApiError)) throw error;
    const says = plainLine(error.message.replace(/\.$/, ""), 1_000);
    return { verdict: "fault", about: ABOUT, says };
  }
}

/** Why the broker of this machine is not reached; undefined where it is. */
async function absent(site: Site): Promise<Finding | undefined> {
  const { folder } = site;
  const { address, ...answer } = await site.answer();
  const { who } = answer;
  if (who === "ours") return undefined;
  const isHeld = isServed(folder);
  if (who === "nobody" && !isHeld) {
    const stopped = existsSync(folder.stoppedFile) ? "; a person stopped the last one" : "";
    const starts = stopped === "" ? "the next session that needs one starts it" : "sessions of before do not start one";
    return { ...ok(ABOUT, `none runs at ${address.url}${stopped}: ${starts}`), remedy: command(site, "up") };
  }
  try {
    await requireAnswered(folder, address, answer);
    return undefined;
  } catch (error) {
    if (!(error instanceof Hindrance)) throw error;
    // Where nobody named the port, the broker takes another by itself.
    const passes = address.unnamed === true && !isHeld;
    const says = error.message.replace(
      /(?:\. Start it with: agentmesh up \(it takes another port by itself\)|\.)$/,
      "",
    );
    const remedy = passes ? command(site, "up") : isHeld ? command(site, "logs") : undefined;
    return { verdict: passes ? "warning" : "fault", about: ABOUT, says, ...(remedy !== undefined && { remedy }) };
  }
}

function unknown(url: string, namedBy: string | undefined, site: Site): Finding {
  const named = namedBy === undefined ? url : `${url}, as ${namedBy} says,`;
  const says = `${named} is not reached, or does not take the mesh key of ${shortPath(site.folder.path)}`;
  return { verdict: "fault", about: ABOUT, says, remedy: command(site, "status") };
}
