/** `agentmesh ui --demo`: the page over a recorded mesh, on a broker and in a folder that are gone when the command ends. */
import { fileURLToPath } from "node:url";
import { pause } from "@agentmesh/client";
import { openInBrowser } from "../browser.ts";
import type { Context } from "../context.ts";
import { ThrowAwayMesh } from "../selftest/throw-away-mesh.ts";
import { jsonText, print, remark } from "../terminal/output.ts";
import { waitFor } from "../terminal/waiting.ts";
import { play } from "./play.ts";

/** From one line to the next. */
const EACH_MS = 1_500;

/** Serves it until it is ended. Nothing in the mesh of this machine is touched. @throws CommandError for a signal, Failed */
export async function demo(context: Context, { isOpened }: { readonly isOpened: boolean }): Promise<void> {
  const programs = {
    broker: fileURLToPath(import.meta.resolve("agentmesh-broker/bin")),
    adapter: fileURLToPath(import.meta.resolve("agentmesh-mcp/bin")),
  };
  await using mesh = new ThrowAwayMesh(programs, context.env);
  await mesh.start();
  // Everybody leaves before the broker ends.
  await using playing = await play(mesh);
  const { code } = await mesh.admin().pageCode({ as: playing.person });
  const address = `${mesh.url}/ui#code=${code}`;
  await print(context.json ? jsonText({ address }) : address);
  if (process.stdout.isTTY && !context.json) {
    const opens = isOpened && openInBrowser(context.env, mesh.folder.path, address);
    remark(
      `A recorded mesh, in nobody's way: ${opens ? "it opens in your browser; if it does not, open it there." : "open it in a browser."} The address works once.`,
    );
  }
  await waitFor({
    json: context.json,
    what: () => "Ctrl-C, which ends the demonstration",
    stands: () => "The demonstration is over; nothing of it is left on this machine.",
    async look({ signal }) {
      await playing.next();
      await pause(EACH_MS, signal);
      return undefined;
    },
  });
}
