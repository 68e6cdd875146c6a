/** Time on the wire. */
import * as z from "zod";

/** RFC 3339 UTC time with milliseconds, e.g. `2026-11-22T13:29:33.966Z`. */
export const Timestamp = z.iso.datetime();
export type Timestamp = z.infer<typeof Timestamp>;
