/** Needs as they are found: placed before they are shown, so that of many only those of a page are read. */
import type { Need, NeedKind } from "@agentmesh/protocol";

/** A need before its texts are read. */
export interface FoundNeed {
  readonly kind: NeedKind;
  /** What tells it from others of its kind. */
  readonly of: string;
  readonly since: number;
  /** Its message, of which the first words are shown; of dead letters it is read with them. */
  readonly messageId?: Need["messageId"];
  readonly need: Omit<Need, "kind" | "key" | "since">;
  /** What else is read of it when it is shown. */
  readonly more?: () => Promise<Partial<Need>>;
}

/** The name of a need, the same as long as it is the same. */
export function keyOf({ kind, of }: Pick<FoundNeed, "kind" | "of">): string {
  return `${kind}/${of}`;
}
