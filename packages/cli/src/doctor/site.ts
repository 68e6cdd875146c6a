/** What the checks look at together, each asked for once: the folder, who answers at the address, the clients. */
import type { MeshClient } from "@agentmesh/client";
import { type Answer, type BrokerAddress, type StateFolder, whoAnswers } from "@agentmesh/client/node";
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

/** A broker that answers, as the owner of the mesh key sees it. */
export interface Mesh {
  readonly admin: MeshClient;
  readonly status: BrokerStatus;
}

/** Opens it; nothing is looked at yet. */
export function siteOf(context: Context): Site {
  const { folder, env } = context;
  return {
    context,
    folder,
    env,
    platform: process.platform,
    answer: once(async () => {
      const address = context.address();
      return { ...(await whoAnswers(folder, address)), address };
    }),
    mesh: once(async () => {
      try {
        const admin = await context.admin({ retryForMs: 0 });
        return { admin, status: await admin.status() };
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
