/** History: messages once more, as far as a caller may see them. */
import * as z from "zod";
import { MAX_DELIVERIES_PER_READ } from "./limits.ts";
import { Delivery } from "./message/delivery.ts";
import { Message } from "./message/message.ts";
import { object } from "./shapes/lazy-object.ts";

/** One message with what became of it. */
export const HistoryEntry = object(() => ({
  message: Message,
  deliveries: z.array(Delivery).meta({
    description: `at most ${MAX_DELIVERIES_PER_READ}; a recipient of a published message sees its own alone`,
  }),
  moreDeliveries: z.boolean().optional().meta({ description: "true: the message itself shows them all" }),
  snippet: z.string().optional().meta({ description: "with query: one line of the body around what was found" }),
}));
export type HistoryEntry = z.infer<typeof HistoryEntry>;

/** Words to search for: all of them, a `"phrase"` as it stands, `word*` by its beginning. */
export const SearchQuery = z.string().min(1).max(256).meta({
  description: 'words in the body: all of them, in any order; "a phrase" as it stands; par* by its beginning',
});
export type SearchQuery = z.infer<typeof SearchQuery>;
