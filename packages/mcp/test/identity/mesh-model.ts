/** The mesh as far as identities are concerned: agents by token, names that are given once, messages and bounces. */

/** A message that was accepted for an agent: for a line of conversation, not for whoever has its token later. */
export interface Letter {
  readonly id: number;
  readonly to: string;
  line: string;
}

/** An agent. */
export interface ModelAgent {
  readonly token: string;
  readonly name: string;
  inbox: Letter[];
  /** It was written to, or did what others can have noticed. */
  used: boolean;
  online: boolean;
  /** The line of whoever is this agent, or was it last. */
  line: string;
}

/** A mesh in memory. */
export class MeshModel {
  readonly agents = new Map<string, ModelAgent>();
  readonly given = new Set<number>();
  readonly bounced = new Set<number>();
  #letters = 0;

  get accepted(): number {
    return this.#letters;
  }

  register(token: string, wanted: string, line: string): ModelAgent {
    const known = this.agents.get(token);
    if (known) return known;
    const taken = new Set([...this.agents.values()].map(({ name }) => name));
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`;
    const agent = { token, name, inbox: [], used: false, online: false, line };
    this.agents.set(token, agent);
    return agent;
  }

  accept(agent: ModelAgent): void {
    agent.inbox.push({ id: ++this.#letters, to: agent.name, line: agent.line });
    agent.used = true;
  }

  /** As the broker does: what waits becomes dead letters, and the senders are told. */
  remove(token: string): void {
    for (const { id } of this.agents.get(token)?.inbox ?? []) this.bounced.add(id);
    this.agents.delete(token);
  }
}
