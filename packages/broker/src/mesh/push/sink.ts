/** The Sink port: something the broker can push leased deliveries to. */
import type { LeasedDelivery } from "@agentmesh/protocol";

/** Takes deliveries as long as it has room. */
export interface Sink {
  /** Whether more can be written without piling up in memory. */
  readonly hasRoom: boolean;
  /** Told when there is room again. */
  onRoom(listener: () => void): void;
  /** Writes one delivery; `position` is what a reconnecting client names as its last. */
  push(delivery: LeasedDelivery, position: number): void;
  /** Says goodbye and ends. */
  close(code: string, reconnect: boolean): void;
}
