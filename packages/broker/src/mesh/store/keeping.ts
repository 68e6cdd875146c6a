/** The part of the Store port that says who keeps how much, and lets go of history where a quota asks for it. */
import type { Keeper } from "@agentmesh/protocol";

/** How much may be kept, of one sender and of all; 0 for any number. */
export interface KeepingQuota {
  readonly agentMessages: number;
  readonly agentBytes: number;
  readonly meshMessages: number;
  readonly meshBytes: number;
}

/** What is kept of all senders. */
export interface Kept {
  readonly messages: number;
  readonly bytes: number;
  /** History that was let go before its time: how many messages, and when the newest of them had been accepted. */
  readonly letGo: { readonly messages: number; readonly until: number } | undefined;
}

/** From this part of a quota on, history is let go. */
export const LET_GO_FROM = 0.9;

/** What counts into the quotas. A message is its sender's, with its deliveries, whoever's inbox they are in. */
export interface Keeping {
  kept(): Promise<Kept>;
  /** Who keeps most, in bytes. */
  listKeepers(limit: number): Promise<Keeper[]>;
  /**
   * Where nine tenths of a quota are used, lets go of history before its time: the oldest messages that are acked, expired,
   * cancelled or refused, or published to nobody, and were accepted more than `keepMs` ago; up to `limit` deliveries.
   * False when there is nothing more to do now.
   */
  letGo(quota: KeepingQuota, keepMs: number, limit: number): Promise<boolean>;
}
