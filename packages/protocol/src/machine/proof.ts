/** How a broker proves that it is of this mesh before any secret is sent to it. */
/** Headers by which a client asks a broker to prove, before any token is sent, that it holds the mesh key. */
export const NONCE_HEADER = "agentmesh-nonce";
export const PROOF_HEADER = "agentmesh-proof";

/** The text whose HMAC-SHA256 under the mesh key is the proof. */
export function proofText(nonce: string, port: number): string {
  return `agentmesh broker proof\n${nonce}\n${port}`;
}

/** Header by which a broker proves, with its answer to a nonce, which state folder it serves: a copy has the same key. */
export const FOLDER_PROOF_HEADER = "agentmesh-folder-proof";

/** The text whose HMAC-SHA256 under the mesh key proves the folder: a copy of it is another directory. */
export function folderProofText(nonce: string, port: number, folder: string): string {
  return `agentmesh folder proof\n${nonce}\n${port}\n${folder}`;
}

/** What tells a directory from its copies, by whatever path it is reached. */
export function folderId({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

/**
 * Header by which a broker proves, with its answer to a nonce, that it is of this mesh at whatever address it was asked: with the
 * mesh key, or for a machine that joined with the hash of that machine's credential.
 */
export const ADDRESS_PROOF_HEADER = "agentmesh-address-proof";

/** Header by which a machine that joined says, with a nonce, for whom the proof is to be: its id, which is no secret. */
export const MACHINE_HEADER = "agentmesh-machine";

/** The text whose HMAC-SHA256 proves it. `authority` is the Host header that was sent: a proof of another address is none here. */
export function addressProofText(nonce: string, authority: string): string {
  return `broker address proof\n${nonce}\n${authority.toLowerCase()}`;
}
