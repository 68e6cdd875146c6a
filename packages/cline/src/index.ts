/** The plugin as Cline loads it, in a process of its own for each session. */
import type { ClinePlugin } from "./cline.ts";
import { makePlugin } from "./plugin.ts";

const plugin: ClinePlugin = makePlugin(process.env);

export default plugin;
