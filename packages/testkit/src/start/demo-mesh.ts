/** A mesh for the demonstration alone: its broker and its state folder are gone when it is over. */
import { spawn } from "node:child_process";
import { announced, openStateFolder, readMeshKey, type StateFolder } from "@agentmesh/client/node";
import { cleanEnv, programArgs, watched } from "../programs.ts";
import { tempDir } from "../temp-dir.ts";
import { until } from "../until.ts";

const START_WITHIN_MS = 20_000;

/** The broker of the demonstration ended before it served; the message is its own. */
export class DemoFailedError extends Error {
  override readonly name = "DemoFailedError";
}

/** A mesh that nobody else uses. */
export interface DemoMesh extends AsyncDisposable {
  readonly folder: StateFolder;
  readonly url: string;
  readonly key: string;
}

/** Starts a broker on a free port in a temporary folder, with none of the user's settings. @throws DemoFailedError */
export async function startDemoMesh(): Promise<DemoMesh> {
  const home = tempDir();
  const folder = openStateFolder(home.path);
  const env = cleanEnv({ AGENTMESH_HOME: home.path });
  const running = watched(spawn(process.execPath, programArgs("broker", ["--port", "0"]), { env }));
  const end = async () => {
    running.child.kill("SIGTERM");
    await running.exit;
    home[Symbol.dispose]();
  };
  try {
    const url = await until(
      () => {
        const { exitCode, signalCode } = running.child;
        if (exitCode !== null || signalCode !== null) throw new DemoFailedError(running.stderr().trim());
        return announced(folder)?.url;
      },
      "the broker of the demonstration",
      START_WITHIN_MS,
    );
    return { folder, url, key: readMeshKey(folder) ?? "", [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
