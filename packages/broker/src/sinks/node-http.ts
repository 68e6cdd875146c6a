/** Node's HTTP, taken without its ES module: importing that one loads all of `fetch`, which no broker needs to start. */

/** `node:http`. */
export const http = process.getBuiltinModule("node:http");
