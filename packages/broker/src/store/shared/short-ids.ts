/** How many ids that begin alike are told, and looked through. */
import { MAX_IDS_LOOKED_AT } from "@agentmesh/protocol";
import { MeshError } from "../../mesh/errors.ts";

/** So many ids are told. */
export const MOST_LIKE = 6;

/** As many characters as an id has. */
export const WHOLE_ID = 36;

/** The error for a beginning of more ids than are looked through. */
export function tooManyLike(beginning: string): MeshError {
  return new MeshError(
    "invalid_request",
    `${beginning} is the beginning of more than ${MAX_IDS_LOOKED_AT} ids of the mesh. Give more digits of it, or the whole id.`,
  );
}
