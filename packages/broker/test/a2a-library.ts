/** An agent elsewhere that speaks A2A 1.0: the library's own server, which keeps its tasks while our broker ends and starts. */
import type { ServerResponse } from "node:http";
import { AgentCard, type Message, Role, TaskState } from "@a2a-js/sdk";
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  ServerCallContext,
} from "@a2a-js/sdk/server";
import { openWebhookReceiver, type Posted, type WebhookReceiver } from "testkit";

const part = (value: string) => ({
  ...{ content: { $case: "text" as const, value }, metadata: undefined, filename: "", mediaType: "text/plain" },
});

/** An agent of the library: how it answers is said by the first word it is sent; what is slow goes on until `over`. */
const executor = (over: Promise<void>): AgentExecutor => ({
  async execute({ userMessage, taskId, contextId }, bus) {
    const [first] = userMessage.parts.map(({ content }) => (content?.$case === "text" ? content.value : ""));
    const said: Message = {
      ...{ messageId: `answer-to-${userMessage.messageId}`, contextId, taskId: "", role: Role.ROLE_AGENT },
      ...{ parts: [part(`you said: ${first}`)], metadata: undefined, extensions: [], referenceTaskIds: [] },
    };
    const task = { id: taskId, contextId, artifacts: [], history: [], metadata: undefined };
    const status = (state: TaskState, message?: Message) => ({
      ...task,
      status: { state, message, timestamp: new Date().toISOString() },
    });
    if (first?.startsWith("task")) {
      const artifact = { artifactId: "a", name: "result", description: "", parts: [part("forty-two")] };
      const artifacts = [{ ...artifact, metadata: undefined, extensions: [] }];
      bus.publish(AgentEvent.task({ ...status(TaskState.TASK_STATE_COMPLETED), artifacts }));
    } else if (first?.startsWith("slow")) {
      bus.publish(AgentEvent.task(status(TaskState.TASK_STATE_WORKING)));
      await over;
      bus.publish(
        AgentEvent.statusUpdate({
          ...{ taskId, contextId, metadata: undefined },
          status: { state: TaskState.TASK_STATE_COMPLETED, message: said, timestamp: new Date().toISOString() },
        }),
      );
    } else if (first?.startsWith("fail")) {
      bus.publish(AgentEvent.task(status(TaskState.TASK_STATE_FAILED, { ...said, parts: [part("no such branch")] })));
    } else bus.publish(AgentEvent.message(said));
    bus.finished();
  },
  cancelTask: async () => {},
});

const card = AgentCard.fromJSON({
  ...{ name: "library", description: "Echoes.", version: "1", capabilities: {}, skills: [] },
  supportedInterfaces: [{ url: "http://127.0.0.1/", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
});

/** The library's server, with what it was posted. */
export interface LibraryServer extends WebhookReceiver {
  /** Ends what it does for long. */
  finish(): void;
}

/** The library's server, behind a receiver that keeps what it was posted. It lets in who has the token. */
export async function libraryServer(token: string): Promise<LibraryServer> {
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  const requests = new DefaultRequestHandler(card, new InMemoryTaskStore(), executor(over));
  const handler = new JsonRpcTransportHandler(requests);
  const receiver = await openWebhookReceiver(async ({ headers, body }: Posted, response: ServerResponse) => {
    if (headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end();
    const requestedVersion = String(headers["a2a-version"]);
    const answer = await handler.handle(body, new ServerCallContext({ requestedVersion }));
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  return { ...receiver, finish, [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose]() };
}
