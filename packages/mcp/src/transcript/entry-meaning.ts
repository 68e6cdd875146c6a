/** What a line of a transcript may mean. */
import type { About } from "../hooks/hook-call.ts";

/** `shown`: part of what the model is given; `answer`: by the model; `turnOpen`: a turn is on, or is over. */
export interface EntryMeaning {
  readonly shown?: boolean;
  readonly answer?: boolean;
  /** Missing where the line says nothing of it: an unknown one neither opens nor closes a turn. */
  readonly turnOpen?: boolean;
  /** The client asks its user something under an id, or no more. */
  readonly dialog?: { readonly id: string; readonly about: About | "over" };
}
