/** THE contract: every endpoint once. Routes, client methods and OpenAPI follow from this table. */
import type * as z from "zod";
import type { Endpoint } from "./endpoint.ts";
import { agentCardsEndpoints } from "./endpoints/agent-cards.ts";
import { agentsEndpoints } from "./endpoints/agents.ts";
import { deadLettersEndpoints } from "./endpoints/dead-letters.ts";
import { eventsEndpoints } from "./endpoints/events.ts";
import { hooksEndpoints } from "./endpoints/hooks.ts";
import { inboxEndpoints } from "./endpoints/inbox.ts";
import { machinesEndpoints } from "./endpoints/machines.ts";
import { messagesEndpoints } from "./endpoints/messages.ts";
import { needsEndpoints } from "./endpoints/needs.ts";
import { pageEndpoints } from "./endpoints/page.ts";
import { sessionsEndpoints } from "./endpoints/sessions.ts";
import { systemEndpoints } from "./endpoints/system.ts";
import { topicsEndpoints } from "./endpoints/topics.ts";
import { webhooksEndpoints } from "./endpoints/webhooks.ts";

/** Every endpoint by its name; the name is the client's method. */
export const endpoints = {
  ...systemEndpoints,
  ...agentsEndpoints,
  ...sessionsEndpoints,
  ...messagesEndpoints,
  ...topicsEndpoints,
  ...inboxEndpoints,
  ...deadLettersEndpoints,
  ...agentCardsEndpoints,
  ...webhooksEndpoints,
  ...hooksEndpoints,
  ...eventsEndpoints,
  ...needsEndpoints,
  ...machinesEndpoints,
  ...pageEndpoints,
} as const satisfies Record<string, Endpoint>;

/** Name of an endpoint. */
export type EndpointName = keyof typeof endpoints;

type Input<S> = S extends z.ZodType ? z.input<S> : unknown;
type Output<S> = S extends z.ZodType ? z.output<S> : unknown;
type Field<E, K extends string> = E extends { readonly [P in K]: infer S } ? S : undefined;

/** What a caller passes: path parameters, query and body in one object, defaults left out as one likes. */
export type EndpointInput<E extends Endpoint> = Input<Field<E, "params">> &
  Input<Field<E, "query">> &
  Input<Field<E, "body">>;

/** What a handler gets: the same after parsing, defaults filled in. */
export type EndpointRequest<E extends Endpoint> = {
  params: Output<Field<E, "params">>;
  query: Output<Field<E, "query">>;
  body: Output<Field<E, "body">>;
};

/** What the caller gets back. */
export type EndpointReply<E extends Endpoint> = z.output<E["reply"]>;
