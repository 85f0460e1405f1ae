// A handler that answers with what is no answer.
import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";

/** The call ends with INTERNAL, and `onError` hears of it. The message has nothing of the value. */
export class HandlerFault extends RpcError {
  constructor(method: DescMethod, what: string) {
    super(Code.INTERNAL, `the handler of ${methodPath(method)} ${what}`);
  }
}
