/** For programs under Node: the state folder, the broker's address and proof, starting it, and identities that last. */
export { type ConnectOptions, connect } from "./connect.ts";
export { type EnsureBrokerOptions, ensureBroker } from "./ensure-broker.ts";
export { FileLock } from "./file-lock.ts";
export { claimIdentity, type Identity, sharedIdentity } from "./identity.ts";
export { type BrokerAddress, type FoundBroker, findBroker, locate, UntrustedBrokerError } from "./locate.ts";
export { systemEnvironment } from "./spawn-environment.ts";
export { BrokerStartError } from "./start-failure.ts";
export {
  makeStateFolder,
  openStateFolder,
  readMeshKey,
  type StateFolder,
  StateFolderError,
  stateFolderPath,
  typedPath,
  userHome,
} from "./state-folder.ts";
