/** Trust classes: how the sender of a message came in, stamped by the broker when it accepts. */
import * as z from "zod";

/**
 * Of a message for one recipient. `operator`: sent with the credential of the person whose mesh it is; `same-repo`: by an agent
 * that says it works in the recipient's repository; `same-machine`: by another agent of the recipient's machine; `remote`: by one of
 * another machine; `unverified`: what nothing proves.
 */
export const TrustClass = z.enum(["operator", "same-repo", "same-machine", "remote", "unverified"]);
export type TrustClass = z.infer<typeof TrustClass>;

/** The class of a delivery; what was accepted by an earlier version, and notices of the mesh, have none. */
export const deliveryTrust = z.union([TrustClass, z.string()]).optional().meta({
  description:
    "how its sender came in: operator (the person's own credential), same-repo, same-machine, remote (another machine) or unverified; later versions may know more",
});
