/** For programs under Node: the state folder, the broker's address and proof, starting it, and identities that last. */
export { UntrustedBrokerError } from "../errors.ts";
export type { Answer } from "./absence.ts";
export {
  type BrokerAddress,
  type FoundBroker,
  findBroker,
  locate,
  requireAnswered,
  requireBroker,
  WrongAddressError,
} from "./addresses/locate.ts";
export { saidAddress } from "./addresses/named.ts";
export { authorityAt, pinOf } from "./authority.ts";
export { type ConnectOptions, type Credential, connect, credentialFor } from "./connect.ts";
export { type EnsureBrokerOptions, ensureBroker } from "./ensure-broker.ts";
export { FileLock } from "./file-lock.ts";
export type { Claim, Identities, Identity, IdentityNews, LastingOwner, Owner } from "./identities.ts";
export {
  exchangeToken,
  forgetIdentity,
  type KeptToken,
  keptTokens,
  knownIdentity,
  moveIdentity,
  sharedIdentity,
} from "./identity.ts";
export { IdentityFiles } from "./identity-files.ts";
export {
  forgetJoinedMesh,
  JoinedMesh,
  keepAddresses,
  MAX_JOINED_URLS,
  readJoinedMesh,
  writeJoinedMesh,
} from "./joined-mesh.ts";
export { refusalReason, refusalSentences } from "./refusal-sentences.ts";
export { announced, isServed, machineName, ownStandpoint, thisProcess } from "./running-broker.ts";
export { systemEnvironment } from "./spawn-environment.ts";
export { BrokerStartError } from "./start-failure.ts";
export {
  makeStateFolder,
  openStateFolder,
  readMeshKey,
  refusedBy,
  type StateFolder,
  StateFolderError,
  stateFolderPath,
  typedPath,
  userHome,
} from "./state-folder.ts";
export { whoAnswers } from "./who-answers.ts";
