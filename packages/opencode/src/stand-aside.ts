/** Two copies of the plugin in one process, as from two configuration files: the first has the sessions, the other does nothing. */

/** Copies are modules of their own; what they have in common is the process. */
const KEY = Symbol.for("agentmesh.plugin");

/** This copy. */
const OWN = {};

/** By directory, which copy has its sessions. */
function places(): Map<string, object> {
  const known: unknown = Reflect.get(globalThis, KEY);
  if (known instanceof Map) return known;
  const made = new Map<string, object>();
  Reflect.set(globalThis, KEY, made);
  return made;
}

/** Takes the place of a directory; undefined when another copy has it. A copy that is loaded anew goes on in its own. */
export function standAside(directory: string, copy = OWN): { leave(): void } | undefined {
  const known = places().get(directory);
  if (known !== undefined && known !== copy) return undefined;
  places().set(directory, copy);
  return {
    leave() {
      if (places().get(directory) === copy) places().delete(directory);
    },
  };
}
