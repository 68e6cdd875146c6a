/** A configuration file that is left as it is, with the reason and what to do. */

/** This file is not touched; the message names the place and the remedy. */
export class ConfigRefusal extends Error {
  override readonly name = "ConfigRefusal";
}
