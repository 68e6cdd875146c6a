/** What tabs and the hub that reads the events for them say to each other. */

/** What a tab says. Each is answered once, as soon as there is something that it was not told. */
export type Said =
  /** It is here, with the value of its sign-in: what happens from now on is for it. */
  | { readonly say: "join"; readonly value: string }
  /** It has shown what it was told, and is ready for more. */
  | { readonly say: "more" }
  /** It is closed. It is not answered. */
  | { readonly say: "leave" };

/** How the events are heard. */
export interface Hearing {
  /** `asked`: something on the way holds the stream back, and the log is asked instead. `over`: the sign-in has ended. */
  readonly state: "connecting" | "live" | "asked" | "lost" | "over";
  /** When the broker was last heard, by this machine's clock. */
  readonly heardAt?: number;
  /** Why nothing is heard. */
  readonly why?: string;
}

/** What a tab is told. */
export interface Told {
  readonly hearing: Hearing;
  /** Between what it knows and what it is told something is missing: it looks at everything. */
  readonly isAnew: boolean;
  /** How often the stream was opened: what has no event may have changed in between. */
  readonly opened: number;
  /** What happened as the broker wrote it, each as JSON, in its order: events, or where the log is asked its entries. */
  readonly happened: readonly string[];
}
