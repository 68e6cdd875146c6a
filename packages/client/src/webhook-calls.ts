/** The calls on webhooks and hooks, webhooks in; every client has them. What posts at a hook is no client of ours. */
import { type EndpointInput, type EndpointReply, endpoints } from "@agentmesh/protocol";
import type { CallOptions } from "./connection.ts";
import { MachineCalls } from "./machine-calls.ts";

type Table = typeof endpoints;
type In<K extends keyof Table> = EndpointInput<Table[K]>;
type Out<K extends keyof Table> = Promise<EndpointReply<Table[K]>>;

/** A client's webhook part: for its own agent as `me`, or with the mesh key for any. Hooks need the mesh key. */
export class WebhookCalls extends MachineCalls {
  /** Has the broker post to a URL what comes into an agent's inbox; a 2xx answer is the ack. Shows a made secret once. */
  setWebhook(input: In<"setWebhook">, options?: CallOptions): Out<"setWebhook"> {
    return this.connection.call(endpoints.setWebhook, input, options);
  }

  /** An agent's webhook and how it does. */
  getWebhook(input: In<"getWebhook">, options?: CallOptions): Out<"getWebhook"> {
    return this.connection.call(endpoints.getWebhook, input, options);
  }

  /** Posts a signed test event now. */
  testWebhook(input: In<"testWebhook">, options?: CallOptions): Out<"testWebhook"> {
    return this.connection.call(endpoints.testWebhook, input, options);
  }

  /** Replaces the secret of a webhook; the old one signs as well for a while. */
  rotateWebhook(input: In<"rotateWebhook">, options?: CallOptions): Out<"rotateWebhook"> {
    return this.connection.call(endpoints.rotateWebhook, input, options);
  }

  /** Removes a webhook; what waits stays in the inbox. */
  removeWebhook(input: In<"removeWebhook">, options?: CallOptions): Out<"removeWebhook"> {
    return this.connection.call(endpoints.removeWebhook, input, options);
  }

  /** Makes a URL at which GitHub, GitLab or any program posts, for a topic or an agent. Shows a made secret once. */
  makeHook(input: In<"makeHook">, options?: CallOptions): Out<"makeHook"> {
    return this.connection.call(endpoints.makeHook, input, options);
  }

  /** All hooks, the newest first. */
  listHooks(options?: CallOptions): Out<"listHooks"> {
    return this.connection.call(endpoints.listHooks, {}, options);
  }

  /** Takes no more posts at a hook's URL; its agent leaves the mesh. */
  removeHook(input: In<"removeHook">, options?: CallOptions): Out<"removeHook"> {
    return this.connection.call(endpoints.removeHook, input, options);
  }
}
