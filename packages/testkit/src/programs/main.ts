/** The part of `pnpm build` that makes the programs; the libraries are made after it, and their files stay beside these. */
import { buildForPacking } from "./build.ts";

await buildForPacking();
