/** What Cline loads. It translates what it loads as an ES module, which takes longer than it waits for a plugin: Node loads the rest. */
import { createRequire } from "node:module";

export default createRequire(import.meta.url)("./dist/index.js").default;
