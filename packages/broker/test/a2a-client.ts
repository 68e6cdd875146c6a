/** The A2A library's own client, as a program elsewhere has it. */
import { type Message, Role, type SendMessageRequest, type Task } from "@a2a-js/sdk";
import {
  type Client,
  ClientFactory,
  ClientFactoryOptions,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";

/** Both ways in. */
export type Transport = "JSONRPC" | "HTTP+JSON";

/** The library's client, as the owner of a token. */
export function connected(url: string, transport: Transport, token: string): Promise<Client> {
  const fetchImpl: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
  const factory = new ClientFactory(
    ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
      transports: [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })],
      preferredTransports: [transport],
      cardResolver: new DefaultAgentCardResolver(),
    }),
  );
  return factory.createFromUrl(url);
}

let messages = 0;
/** A message to send, which no other has the id of. */
export function said(text: string, more: Partial<Message> = {}, returnImmediately = false): SendMessageRequest {
  const message: Message = {
    ...{ messageId: `m-${++messages}`, contextId: "", taskId: "", role: Role.ROLE_USER },
    parts: [{ content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "text/plain" }],
    ...{ metadata: undefined, extensions: [], referenceTaskIds: [] },
    ...more,
  };
  const configuration = { acceptedOutputModes: [], taskPushNotificationConfig: undefined, returnImmediately };
  return { tenant: "", message, configuration, metadata: undefined };
}

/** The task that a sent message became. */
export async function sent(client: Client, request: SendMessageRequest): Promise<Task> {
  const result = await client.sendMessage(request);
  if (!("status" in result)) throw new Error("no task");
  return result;
}
