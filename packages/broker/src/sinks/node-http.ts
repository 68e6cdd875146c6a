/** Node's HTTP client, taken without its ES module: importing that one loads all of `fetch`, a sixth of a broker's start. */

/** `node:http`. */
export const http = process.getBuiltinModule("node:http");
