/** Identities in memory, for processes that are objects: the second engine behind the port. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Claim,
  type Identities,
  type Identity,
  IdentityFiles,
  type IdentityNews,
  type LastingOwner,
  type Owner,
  openStateFolder,
} from "@agentmesh/client/node";

import * as z from "zod";

/** An engine as the suites see it: each process has its own view, and can be killed. */
export interface Engine {
  /** A new process's view; `kill` ends it as the kernel does. */
  process(): { readonly identities: Identities; kill(): void };
  /** The tokens that are kept, each as often as it is. */
  kept(): string[];
  /** How many of them are bound to nobody. */
  keptOwn(): number;
}

/** What is held by one process: given up when it is killed. */
class Grip {
  readonly #held = new Set<{ release(): void }>();

  keep<T extends { release(): void }>(value: T): T {
    this.#held.add(value);
    return value;
  }

  loose(): void {
    for (const each of this.#held) each.release();
    this.#held.clear();
  }
}

/** The real engine in a folder. In one process, letting go of a lock is what the kernel does at a kill -9. */
export function fileEngine(folder: string): Engine {
  return {
    process() {
      const files = new IdentityFiles(openStateFolder(folder));
      const grip = new Grip();
      const identities: Identities = {
        claim(owner) {
          const claim = files.claim(owner);
          return (
            claim && {
              exists: claim.exists,
              open: () => grip.keep(claim.open()),
              adopt: (identity) => grip.keep(claim.adopt(identity)),
              release: () => claim.release(),
            }
          );
        },
        own: (client) => grip.keep(files.own(client)),
        nameOf: (owner) => files.nameOf(owner),
        orphans: (most) => files.orphans(most).map((orphan) => grip.keep(orphan)),
      };
      return { identities, kill: () => grip.loose() };
    },
    kept: () =>
      filesIn(folder).map((name) => Token.parse(JSON.parse(readFileSync(join(folder, "agents", name), "utf8"))).token),
    keptOwn: () => filesIn(folder).filter((name) => name.startsWith("own-")).length,
  };
}

const Token = z.object({ token: z.string() });

function filesIn(folder: string): string[] {
  return readdirSync(join(folder, "agents")).filter((name) => name.endsWith(".json"));
}

interface Kept {
  readonly token: string;
  used: boolean;
  name: string | undefined;
  summary: string | undefined;
}

/** An engine without a disk. */
export function memoryEngine(): Engine {
  const kept = new Map<string, Kept>();
  const locks = new Set<string>();
  let made = 0;

  function lock(key: string): { release(): void } | undefined {
    if (locks.has(key)) return undefined;
    locks.add(key);
    let held = true;
    return {
      release() {
        if (held) locks.delete(key);
        held = false;
      },
    };
  }

  class Held implements Identity {
    readonly owner: Owner;
    readonly key: string;
    readonly #lock: { release(): void };
    readonly #content: Kept;

    constructor(owner: Owner, key: string, held: { release(): void }) {
      this.owner = owner;
      this.key = key;
      this.#lock = held;
      this.#content = kept.get(key) ?? { token: `token-${++made}`, used: false, name: undefined, summary: undefined };
      kept.set(key, this.#content);
    }

    get token(): string {
      return this.#content.token;
    }

    get used(): boolean {
      return this.#content.used;
    }

    get summary(): string | undefined {
      return this.#content.summary;
    }

    note({ name, used, summary }: IdentityNews): void {
      this.#content.name = name ?? this.#content.name;
      this.#content.used = used ?? this.#content.used;
      this.#content.summary = summary ?? this.#content.summary;
    }

    release(): void {
      this.#lock.release();
    }

    remove(): void {
      kept.delete(this.key);
      this.#lock.release();
    }

    /** Moves what is kept to another key. */
    moveTo(owner: Owner, key: string, held: { release(): void }): Held {
      kept.delete(this.key);
      kept.set(key, this.#content);
      this.#lock.release();
      return new Held(owner, key, held);
    }
  }

  const keyOf = ({ kind, client, of }: LastingOwner) => `${kind} ${client} ${of}`;

  return {
    process() {
      const grip = new Grip();
      const identities: Identities = {
        claim(owner): Claim | undefined {
          const key = keyOf(owner);
          const held = lock(key);
          if (!held) return undefined;
          return {
            exists: kept.has(key),
            open: () => grip.keep(new Held(owner, key, held)),
            adopt(identity) {
              if (!(identity instanceof Held)) throw new Error("not of this engine");
              return grip.keep(identity.moveTo(owner, key, held));
            },
            release: () => held.release(),
          };
        },
        own(client) {
          const key = `own ${++made}`;
          const held = lock(key);
          if (!held) throw new Error("a new key is taken");
          return grip.keep(new Held({ kind: "own", client }, key, held));
        },
        nameOf: (owner) => kept.get(keyOf(owner))?.name,
        orphans: (most) =>
          [...kept]
            .filter(
              ([key, { used }]) => !locks.has(key) && (key.startsWith("own ") || (key.startsWith("conv") && !used)),
            )
            .slice(0, most)
            .flatMap(([key]) => {
              const held = lock(key);
              const [, client = "", of = ""] = key.split(" ");
              const owner: Owner = key.startsWith("own ")
                ? { kind: "own", client: "" }
                : { kind: "conversation", client, of };
              return held ? [grip.keep(new Held(owner, key, held))] : [];
            }),
      };
      return { identities, kill: () => grip.loose() };
    },
    kept: () => [...kept.values()].map(({ token }) => token),
    keptOwn: () => [...kept.keys()].filter((key) => key.startsWith("own ")).length,
  };
}
