/** An agent as others name it. */
import * as z from "zod";
import { AgentId } from "./ids.ts";
import { object } from "./shapes/lazy-object.ts";

/** An agent as it stands in a message: its id, and its name when the message was accepted. */
export const Party = object(() => ({ id: AgentId, name: z.string() }));
export type Party = z.infer<typeof Party>;
