/** What the checks look at together, each asked for once: the folder, who answers at the address, the clients. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { type Answer, type BrokerAddress, requireBroker, type StateFolder, whoAnswers } from "@agentmesh/client/node";
import type { BrokerStatus } from "@agentmesh/protocol";
import type { Context } from "../context.ts";
import { type Survey, surroundingsOf, survey } from "../setup/survey.ts";
import { commandLine } from "../terminal/shell-word.ts";

/** Where the doctor looks. */
export interface Site {
  readonly context: Context;
  readonly folder: StateFolder;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The address to try, and who answers there. @throws WrongAddressError, BrokerUnreachableError, StateFolderError */
  answer(): Promise<Answer & { readonly address: BrokerAddress }>;
  /** The mesh, where its broker answers; undefined where none does. Never throws for a broker that is missing or strange. */
  mesh(): Promise<Mesh | undefined>;
  /** The clients of this machine, and what setup would do to each. */
  clients(): Promise<Survey>;
}

/** A broker that answers. */
export interface Mesh {
  /** With the mesh key, or on a machine that joined with its credential. */
  readonly admin: MeshClient;
  readonly version: string;
  /** Told to the owner of the mesh key alone. */
  readonly status: BrokerStatus | undefined;
}

/** Opens it; nothing is looked at yet. */
export function siteOf(context: Context): Site {
  const { folder, env } = context;
  const answer = once(async () => {
    const address = context.address();
    return { ...(await whoAnswers(folder, address)), address };
  });
  return {
    context,
    folder,
    env,
    platform: process.platform,
    answer,
    mesh: once(async () => {
      try {
        // Who is silent is not waited for once more.
        if (context.address().local && (await answer()).who === "silent") return undefined;
        const { version } = await requireBroker(folder, context.address());
        const admin = await context.admin({ retryForMs: 0 });
        // Its own agents are what every caller may look at: a credential that was revoked may not.
        await admin.listAgents({ limit: 1 });
        const status = await admin.status().catch((error: unknown) => {
          if (error instanceof MeshApiError && error.status === 403) return undefined;
          throw error;
        });
        return { admin, version, status };
      } catch {
        // The check of the broker says why.
        return undefined;
      }
    }),
    clients: once(() => survey(context, "setup", {}, surroundingsOf(env, false))),
  };
}

function once<T>(look: () => Promise<T>): () => Promise<T> {
  let looked: Promise<T> | undefined;
  return () => {
    looked ??= look();
    return looked;
  };
}

/** A command for the mesh that is looked at, as a person types it. */
export function command({ context }: Pick<Site, "context">, ...words: readonly string[]): string {
  return commandLine(["agentmesh", ...words, ...context.meshWords()]);
}
