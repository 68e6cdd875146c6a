/** What a client under test is: how its program is installed, set up and driven. */
import type { TestBroker } from "testkit";
import type { Sandbox } from "./sandbox.ts";
import type { Tell } from "./steps.ts";
import type { Dialect, ModelStub } from "./stubs/stub-server.ts";

/** Where a client is tried. */
export interface Site {
  readonly sandbox: Sandbox;
  readonly broker: TestBroker;
  readonly model: ModelStub;
}

/** A session of the client that stays. */
export interface ClientSession {
  /** Gives the model a prompt, and does not wait for its answer. */
  prompt(text: string): Promise<void>;
  /** Stops the model, as its user does who has another idea. */
  stop?(): Promise<void>;
  /** What its user sees of it now, to be kept when a step fails. */
  screen?(): Promise<string>;
  /** Ends it as its user would. */
  end(): Promise<void>;
}

/** How a message reaches a session that does nothing. */
export type WhenIdle = "at once" | "with the next prompt";

/** A client of the table. */
export interface Client {
  readonly name: string;
  /** Its name in `agentmesh setup`. */
  readonly setupName: string;
  readonly packageName: string;
  /** The version that is installed, where the newest is none that runs. */
  readonly version?: string;
  /** Folder of its program, where another row of the table has it already. */
  readonly installedAs?: string;
  readonly dialect: Dialect;
  readonly whenIdle: WhenIdle;
  /** What its model does when it has thought, for one that brings nothing at the end of a turn. */
  readonly busyWith?: string;
  /** A line can be put before its model within a turn: a canary proves its push path before any message. */
  readonly canary?: true;
  /** Its queue is emptied when its user stops the model, and what was in it comes all the same. */
  readonly dropsWhenStopped?: true;
  /** Why its agent stays online after its user has ended it; undefined when it does not. */
  readonly lingers?: string;
  /** Why it cannot be tried here; undefined when it can. */
  missing?(): string | undefined;
  /** Prepares the client itself: where its model is, no first-run questions. */
  prepare(site: Site): Promise<void>;
  /** What its preparation has written of the mesh, where `agentmesh setup` does not know it. */
  readonly configureByHand?: string;
  /** Lists its MCP servers, for which it starts each for a moment; undefined where it starts none. */
  list?(site: Site): Promise<void>;
  /** What its user does when its agent is there, so that messages reach it. */
  connect?(site: Site, agent: string): Promise<void>;
  start(site: Site): Promise<ClientSession>;
  /** What is proven in place of the common steps. `configure` gives the client the mesh. Never throws. */
  prove?(site: Site, configure: () => Promise<string>, tell: Tell): Promise<void>;
}
