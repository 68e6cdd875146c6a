/** The extension as Pi loads it: `"packages": ["npm:pi-agentmesh"]` in its settings.json. */
import { extend } from "./extension.ts";
import type { PiExtensionApi } from "./pi.ts";

/** Pi calls this once for each session that it opens. */
export default function agentmesh(pi: PiExtensionApi): void {
  extend(pi, process.env);
}
