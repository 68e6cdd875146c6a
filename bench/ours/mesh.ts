/** Calls of a broker by bare HTTP, as far as loads need them. */
import * as z from "zod";
import { EventStream, type OnEvent } from "../wire/event-stream.ts";
import type { HttpConnection } from "../wire/http-connection.ts";
import type { Broker } from "./broker.ts";

/** An agent with its secret. */
export interface Agent {
  readonly name: string;
  readonly token: string;
}

const Registered = z.object({ token: z.string() });
const Opened = z.object({ session: z.object({ id: z.string() }) });

/** Makes an agent. */
export async function register(broker: Broker, connection: HttpConnection, name: string): Promise<Agent> {
  const body = JSON.stringify({ name });
  const { token } = Registered.parse(
    JSON.parse(await connection.must({ method: "POST", path: "/v1/agents", token: broker.key, body })),
  );
  return { name, token };
}

/** Opens a session of an agent. */
export async function openSession(connection: HttpConnection, { token }: Agent): Promise<string> {
  const body = JSON.stringify({ pushPaths: [{ path: "stream" }] });
  const reply = await connection.must({ method: "POST", path: "/v1/sessions", token, body });
  return Opened.parse(JSON.parse(reply)).session.id;
}

/** The stream of a session, with as much credit as there is and leases that last longer than any load. */
export function openStream(broker: Broker, { token }: Agent, session: string, onEvent: OnEvent): Promise<EventStream> {
  const path = `/v1/inbox/stream?session=${session}&maxInFlight=256&leaseMs=43200000`;
  return EventStream.open(broker.port, { path, token }, onEvent);
}

/** Sends a message. */
export function send(connection: HttpConnection, { token }: Agent, to: string, body: string): Promise<string> {
  return connection.must({ method: "POST", path: "/v1/messages", token, body: JSON.stringify({ to, body }) });
}

/** Acks a delivery. */
export function ack(connection: HttpConnection, { token }: Agent, delivery: string): Promise<string> {
  return connection.must({ method: "POST", path: `/v1/deliveries/${delivery}/ack`, token, body: "{}" });
}

/** The id of the delivery in an event's data: the first field, found without parsing the rest. */
export function deliveryId(data: string): string {
  const at = data.indexOf('"dlv_');
  if (at < 0) throw new Error(`no delivery: ${data.slice(0, 200)}`);
  return data.slice(at + 1, data.indexOf('"', at + 1));
}
