/**
 * A history played: the real keeper under the real rules, and beside it who each session truly is. What a session is (its
 * line) follows from what its user did, and from no rule: a conversation goes on through /clear, and nothing else joins two.
 */
import type { Identity } from "@agentmesh/client/node";
import type { ConversationSource, Telling } from "../../src/identity/conversation.ts";
import { IdentityKeeper } from "../../src/identity/keeper.ts";
import { type Rules, rules, type StartFacts } from "../../src/identity/rules.ts";
import { type ClientName, SLOTS, type Step } from "./history.ts";
import type { Engine } from "./memory-identities.ts";
import { MeshModel, type ModelAgent } from "./mesh-model.ts";

/** A promise about identities does not hold. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

interface Session {
  readonly client: ClientName;
  readonly named: string | undefined;
  readonly process: ReturnType<Engine["process"]>;
  readonly keeper: IdentityKeeper;
  directory: number | undefined;
  conversation: string;
  /** The client has told its conversation. */
  told: boolean;
  /** The directory that its client has offered, where that is all it tells. */
  placed: number | undefined;
  line: string;
  agent: ModelAgent;
}

const tellings: Record<ClientName, Telling> = {
  "claude-code": "at start",
  codex: "later",
  gemini: "later",
  "gemini-without-hooks": "later",
  cursor: "never",
};

/** Plays histories, and throws at the first promise that does not hold. */
export class World {
  readonly #engine: Engine;
  readonly #rules: Rules;
  readonly #mesh = new MeshModel();
  readonly #live = new Map<number, Session>();
  /** Conversations that there were, by client. */
  readonly #conversations: {
    readonly id: string;
    readonly client: ClientName;
    readonly directory: number | undefined;
  }[] = [];
  readonly #lineOf = new Map<string, string>();
  /** The agent of a line, since somebody could notice it. */
  readonly #agentOf = new Map<string, { readonly token: string; readonly name: string }>();
  #made = 0;

  constructor(engine: Engine, by: Rules = rules) {
    this.#engine = engine;
    this.#rules = by;
  }

  /** Takes one step, then looks at everything that was promised. */
  take(step: Step): void {
    if (step.do === "start") this.#start(step);
    else if (step.do === "send") this.#send(step.which);
    else if (step.do === "reboot") this.#reboot(step.order);
    else {
      const live = [...this.#live];
      const [slot, session] = live[step.slot % live.length] ?? [];
      if (slot !== undefined && session) this.#within(session, { ...step, slot });
    }
    this.#look();
  }

  /** How many messages were accepted, given and bounced. */
  get counts(): { accepted: number; given: number; bounced: number } {
    return { accepted: this.#mesh.accepted, given: this.#mesh.given.size, bounced: this.#mesh.bounced.size };
  }

  #within(session: Session, step: Exclude<Step, { do: "start" | "send" | "reboot" }>): void {
    const { client, conversation, directory } = session;
    const isClaude = client === "claude-code";
    if (step.do === "tell") this.#tell(session);
    else if (step.do === "call") this.#call(session);
    else if (step.do === "beat") this.#beat(session);
    else if (step.do === "read") this.#read(session);
    else if (step.do === "act") this.#act(session);
    else if (step.do === "compact" && isClaude) this.#become(session, conversation, "compact");
    else if ((step.do === "clear" || step.do === "fork") && isClaude) {
      this.#become(session, this.#newConversation(client, directory), step.do);
    } else if ((step.do === "resume" || step.do === "unknown") && isClaude) {
      const found = this.#choose(client, step.which);
      if (found) this.#become(session, found.id, step.do === "resume" ? "resume" : undefined);
    } else if (step.do === "roots" && client === "cursor") {
      session.directory = step.directory;
      this.#place(session, false);
    } else if (step.do === "kill") this.#kill(session, step.slot);
    else if (step.do === "end" || step.do === "delete") {
      this.#end(session, step.slot, step.do === "delete" && session.told);
    }
  }

  #call(session: Session): void {
    if (session.client === "codex") this.#tell(session);
    else if (session.client === "gemini-without-hooks") this.#place(session, true);
  }

  #beat(session: Session): void {
    if (session.told) this.#become(session, session.conversation, undefined);
    else if (session.client === "cursor") this.#place(session, false);
  }

  #act(session: Session): void {
    session.agent.used = true;
    session.keeper.identity?.note({ used: true });
    this.#remember(session);
  }

  #start(step: Extract<Step, { do: "start" }>): void {
    const slot = Array.from({ length: SLOTS }, (_, at) => at).find((at) => !this.#live.has(at));
    if (slot === undefined) return;
    const { client } = step;
    const earlier = step.conversation === "new" ? undefined : this.#choose(client, step.which);
    // A thread of Codex is in one process at a time, and so is a conversation of Gemini CLI.
    const open = [...this.#live.values()].some(({ conversation }) => conversation === earlier?.id);
    const again =
      step.conversation === "resume" && earlier && (client === "claude-code" || !open) ? earlier : undefined;
    const directory = again ? again.directory : step.directory;
    const conversation = again?.id ?? this.#newConversation(client, directory);
    this.#begin(slot, { client, directory, conversation, named: step.named ? "chosen" : undefined });
  }

  #begin(
    slot: number,
    { client, directory, conversation, named }: Pick<Session, "client" | "directory" | "conversation" | "named">,
  ): void {
    const process = this.#engine.process();
    const keeper = new IdentityKeeper(process.identities, this.#rules);
    const told = tellings[client] === "at start";
    const facts: StartFacts = {
      client,
      name: named,
      telling: tellings[client],
      conversation: told ? conversation : undefined,
      workspace: directory === undefined ? undefined : `/w/${directory}`,
    };
    const line = this.#lineAtStart(client, named, conversation, directory);
    const identity = keeper.start(facts, true);
    if (!identity) throw new BrokenPromise("a session begins as somebody");
    const agent = this.#mesh.register(identity.token, named ?? `dir-${directory ?? client}`, line);
    const placed = client === "cursor" ? directory : undefined;
    const session: Session = { client, named, process, keeper, directory, conversation, told, placed, line, agent };
    this.#enter(session);
    this.#live.set(slot, session);
    this.#expectItself(session);
    for (const orphan of process.identities.orphans(50)) {
      this.#leave(orphan, false);
    }
  }

  /** A line is another session's while that one is live. */
  #free(line: string, but?: Session): string {
    const taken = [...this.#live.values()].some((each) => each !== but && each.line === line);
    return taken ? `alone-${++this.#made}` : line;
  }

  #lineAtStart(
    client: ClientName,
    named: string | undefined,
    conversation: string,
    directory: number | undefined,
  ): string {
    if (named !== undefined) {
      const line = `name ${client} ${named}`;
      if (this.#free(line) === line) return line;
    }
    if (client === "cursor")
      return directory === undefined ? `alone-${++this.#made}` : this.#free(`place ${client} ${directory}`);
    return this.#free(this.#line(conversation));
  }

  #line(conversation: string): string {
    const line = this.#lineOf.get(conversation) ?? `line-${++this.#made}`;
    this.#lineOf.set(conversation, line);
    return line;
  }

  #tell(session: Session): void {
    if (session.client !== "codex" && session.client !== "gemini") return;
    session.told = true;
    this.#become(session, session.conversation, "startup");
  }

  /** The client says that the session is in this conversation now. */
  #become(session: Session, conversation: string, source: ConversationSource | undefined): void {
    const { line: before, conversation: old } = session;
    if (before.startsWith("name ")) session.conversation = conversation;
    else if (source === "clear") {
      this.#lineOf.set(conversation, before);
      if (this.#lineOf.get(old) === before) this.#lineOf.delete(old);
      session.conversation = conversation;
    } else {
      session.conversation = conversation;
      session.line = this.#free(this.#line(conversation), session);
      // The second process of a conversation goes on as the only one: it is still the same.
      if (old === conversation && before.startsWith("alone-")) relabel(session);
    }
    session.told = true;
    this.#change(session, { kind: "conversation", client: session.client, of: conversation }, source);
  }

  #place(session: Session, untold: boolean): void {
    const { client, directory, line, placed } = session;
    if (directory === undefined || session.told) return;
    if (!line.startsWith("name ")) {
      session.line = this.#free(`place ${client} ${directory}`, session);
      // What was sent to a session that nobody knew the place of was sent to this window.
      if (untold || placed === undefined || (placed === directory && line.startsWith("alone-"))) relabel(session);
    }
    session.placed = directory;
    this.#change(session, { kind: "place", client, of: `/w/${directory}` }, undefined);
  }

  #change(
    session: Session,
    owner: { kind: "conversation" | "place"; client: string; of: string },
    source: ConversationSource | undefined,
  ): void {
    const change = session.keeper.told({ owner, source });
    if (change.kind === "switched") {
      session.agent.online = false;
      this.#leave(change.left, false);
      session.agent = this.#mesh.register(
        change.now.token,
        session.named ?? `dir-${session.directory ?? session.client}`,
        session.line,
      );
    }
    this.#enter(session);
    this.#expectItself(session);
  }

  #choose(client: ClientName, which: number) {
    const own = this.#conversations.filter((each) => each.client === client);
    return own[which % own.length];
  }

  #newConversation(client: ClientName, directory: number | undefined): string {
    const id = `conversation-${++this.#made}`;
    this.#conversations.push({ id, client, directory });
    return id;
  }

  #send(which: number): void {
    const agents = [...this.#mesh.agents.values()];
    const agent = agents[which % agents.length];
    if (!agent) return;
    this.#mesh.accept(agent);
    for (const session of this.#live.values()) if (session.agent === agent) this.#remember(session);
  }

  #read(session: Session): void {
    for (const letter of session.agent.inbox.splice(0)) {
      if (letter.line !== session.line) {
        throw new BrokenPromise(
          `a message is given to whom it was accepted for: ${letter.to} (${letter.line}), not ${session.line}`,
        );
      }
      this.#mesh.given.add(letter.id);
    }
  }

  #end(session: Session, slot: number, deleted: boolean): void {
    this.#live.delete(slot);
    session.agent.online = false;
    if (deleted && session.keeper.identity?.owner.kind === "conversation") this.#agentOf.delete(session.line);
    if (session.keeper.identity) this.#leave(session.keeper.identity, deleted);
  }

  #leave(identity: Identity, deleted: boolean): void {
    const used = identity.used || this.#mesh.agents.get(identity.token)?.used === true;
    if (this.#rules.fateOf(identity.owner, { used, deleted }) === "is removed") {
      this.#mesh.remove(identity.token);
      identity.remove();
      return;
    }
    if (used) identity.note({ used: true });
    identity.release();
  }

  #kill(session: Session, slot: number): void {
    this.#live.delete(slot);
    session.agent.online = false;
    session.process.kill();
  }

  /** Power off, and everybody opens what was open, in another order. */
  #reboot(order: readonly number[]): void {
    const before = new Map(this.#live);
    for (const [slot, session] of before) this.#kill(session, slot);
    for (const slot of order) {
      const session = before.get(slot);
      if (session) this.#begin(slot, session);
    }
  }

  /** Whether it can be expected to be known for who it is. */
  #isSettled({ told, line }: Session): boolean {
    return told || line.startsWith("name ") || line.startsWith("place ");
  }

  #enter(session: Session): void {
    session.agent.online = true;
    session.agent.line = session.line;
    if (session.agent.used) this.#remember(session);
  }

  #remember(session: Session): void {
    const { token, name } = session.agent;
    if (this.#isSettled(session) && !this.#agentOf.has(session.line)) this.#agentOf.set(session.line, { token, name });
  }

  #expectItself(session: Session): void {
    const was = this.#agentOf.get(session.line);
    if (!was || !this.#isSettled(session) || was.token === session.agent.token) return;
    throw new BrokenPromise(
      `who comes back is the agent it was: ${was.name}, not ${session.agent.name} (${session.line})`,
    );
  }

  #look(): void {
    const tokens = [...this.#live.values()].map(({ keeper }) => keeper.identity?.token);
    if (new Set(tokens).size < tokens.length) throw new BrokenPromise("two live sessions are never one agent");
    for (const { keeper, agent } of this.#live.values()) {
      if (keeper.identity?.token !== agent.token)
        throw new BrokenPromise("a session is the agent whose token it holds");
      if (!this.#mesh.agents.has(agent.token)) throw new BrokenPromise(`${agent.name} is live, and stays in the mesh`);
    }
  }

  /** Everybody ends, and the next session starts: what nobody can be any more is gone by then, and its mail told of. */
  end(): void {
    for (const [slot, session] of [...this.#live]) this.#end(session, slot, false);
    this.#begin(0, { client: "cursor", directory: undefined, conversation: "last", named: undefined });
    const kept = this.#engine.kept();
    if (new Set(kept).size < kept.length) throw new BrokenPromise("a token is kept for one owner");
    for (const { token, name } of this.#mesh.agents.values()) {
      if (!kept.includes(token)) throw new BrokenPromise(`${name} can be resumed, or is not in the mesh`);
    }
    const waiting = [...this.#mesh.agents.values()].flatMap(({ inbox }) => inbox);
    const { accepted, given, bounced } = this.counts;
    if (accepted !== given + bounced + waiting.length) throw new BrokenPromise("no message vanishes");
    const own = this.#engine.keptOwn();
    if (own > 1) throw new BrokenPromise(`nobody's identities are cleared away: ${own} are left`);
  }
}

function relabel({ agent, line }: Session): void {
  for (const letter of agent.inbox) letter.line = line;
}
