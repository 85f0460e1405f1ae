// A handler whose result is not a valid response.
import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";

/**
 * Thrown for an invalid result of a handler. The call ends with INTERNAL, and `onError` is called.
 * The message does not contain the value.
 */
export class HandlerFault extends RpcError {
  constructor(method: DescMethod, what: string) {
    super(Code.INTERNAL, `the handler of ${methodPath(method)} ${what}`);
  }
}
