/** Runs the example of a name: `npx -y pnpm@12 example two-agents`. It is JavaScript, so that a Node of any age can read it. */
import { readdirSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [asked = ""] = process.argv.slice(2);
const name = asked.replace(/\.ts$/, "");
const names = readdirSync(new URL(".", import.meta.url))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));

if (!names.includes(name)) {
  console.error(`${asked === "" ? "Name an example" : `There is no example "${asked}"`}: ${names.join(", ")}.`);
  process.exitCode = 2;
} else if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `The examples need Node 22.18 or newer; this is Node ${process.versions.node} (${process.execPath}). With the Node of this repository: npx -y pnpm@12 example ${name}`,
  );
  process.exitCode = 1;
} else {
  await import(`./${name}.ts`);
}
