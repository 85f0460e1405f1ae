// The error that stands for a reset of a call's stream.
import { Code } from "./code.ts";
import { RpcError } from "./error.ts";

/**
 * The error of a call whose server resets its stream with INTERNAL_ERROR. If an interceptor of a
 * server throws it, the stream is reset; a transport that cannot do so sends the status.
 */
export class StreamReset extends RpcError {
  constructor(path: string) {
    super(Code.INTERNAL, `the server reset ${path} with INTERNAL_ERROR: a fault on purpose`);
  }
}
