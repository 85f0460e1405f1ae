/** A topic cannot be served. The message is one line for the operator. */
export class StartError extends Error {
  static {
    StartError.prototype.name = "StartError";
  }
}
