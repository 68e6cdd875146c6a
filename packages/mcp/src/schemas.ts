/** How schemas work in the adapter, said before the first is made: without code of their own, which takes more room than it saves time. */
import * as z from "zod";

z.config({ jitless: true });
