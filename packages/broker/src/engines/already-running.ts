/** Another broker serves this state folder. */
export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
}
