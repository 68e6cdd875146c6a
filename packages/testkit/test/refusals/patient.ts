/** Runs one of our programs, from arguments to exit code, as often as a command line comes; answers with what it said. */
import * as z from "zod";

type Run = (args: readonly string[]) => Promise<number>;

const [, , module = ""] = process.argv;
const { run, serve }: { readonly run?: Run; readonly serve?: Run } = await import(module);
process.setMaxListeners(0);
process.stdout.setMaxListeners(0);

process.on("message", async (message) => {
  const args = z.array(z.string()).parse(message);
  const said: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (text: string | Uint8Array, ...rest: unknown[]) => {
      said.push(String(text));
      for (const each of rest) if (typeof each === "function") each();
      return true;
    };
  }
  const code = await (serve ?? run)?.(args);
  process.send?.({ code: code ?? null, text: said.join("") });
});
