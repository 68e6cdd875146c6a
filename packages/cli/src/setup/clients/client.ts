/** A program that agents run in, as setup sees it: where its configuration is and what goes into it. */
import type { ConfigFile } from "../config/config-file.ts";
import type { hookKinds } from "../config/mark.ts";
import type { ShutOut } from "./shut-out.ts";

/** Where setup runs. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The person's home directory. */
  readonly home: string;
  /** The project's directory with `--project`; otherwise the configuration is the person's own. */
  readonly project: string | undefined;
}

/** How a client is to reach the mesh. */
export interface Connection {
  /** Command line of the adapter. */
  readonly command: string;
  readonly args: readonly string[];
  /** Environment of the adapter, with the mark. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that are this machine's and would stand in `env`, were the files not shared with other people. */
  readonly leftOut: readonly string[];
  /** Command line of a client's hook, or undefined when there shall be none. */
  hookCommand(kind: (typeof hookKinds)[number]): string | undefined;
  /** The model may use our tools without a person's leave. */
  readonly allowTools: boolean;
  /** Our plugin for a client that is extended from within. */
  plugin(client: PluggedClient): Plugin;
}

/** A client that loads a plugin of ours: the folder of its package in a clone. */
export type PluggedClient = "opencode" | "pi" | "cline";

/** A plugin, as a client's configuration may name it. */
export interface Plugin {
  /** Package and version, as the registry has them. */
  readonly published: string;
  /** In a clone of the repository: the file that its build has made. */
  readonly built: string | undefined;
}

/** One client. */
export interface Client {
  readonly name: string;
  readonly title: string;
  /** Names of its program, the first that is found counts. */
  readonly programs: readonly string[];
  /** Its configuration folder or file: that it is there means the client was used here. */
  traces(at: Surroundings): readonly string[];
  /** Files with entries of ours, for the client's version if it is known; none without a configuration of that kind. */
  files(at: Surroundings, to: Connection, version: string | undefined): readonly ConfigFile[];
  /** Why nothing is written although the client is there. */
  standsAside?(at: Surroundings, to: Connection): string | undefined;
  /** Settings that keep out what setup writes. */
  shutOut?(at: Surroundings, to: Connection): readonly ShutOut[];
  /** How a person sees that it works. */
  readonly check: string;
  /** What has to be started again. */
  readonly restart: string;
  /** What a person should know after a change, by what was written. */
  afterwards?(at: Surroundings, to: Connection): readonly string[];
  /** Lines to put in by hand, where setup does not write. */
  byHand?(at: Surroundings, to: Connection): { readonly file: string; readonly lines: readonly string[] };
}
