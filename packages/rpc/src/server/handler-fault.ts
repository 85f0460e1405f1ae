// A handler whose result is not a valid response.
import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { methodPath } from "../protocol/method.ts";
import { describeNonMessage, describeNonObject } from "../protocol/no-message.ts";

/**
 * Thrown for an invalid result of a handler. The call ends with INTERNAL, and `onError` is called.
 * The message does not contain the value.
 */
export class HandlerFault extends RpcError {
  constructor(method: DescMethod, what: string) {
    super(Code.INTERNAL, `the handler of ${methodPath(method)} ${what}`);
  }
}

/** @param responses what a streaming handler has returned instead of an iterable. */
export function notIterable(method: DescMethod, responses: unknown): HandlerFault {
  const kind = describeNonObject(responses) ?? describeNonMessage(responses as object) ?? "an object";
  return new HandlerFault(method, `returned ${kind}: a streaming handler returns an iterable or async iterable of responses`);
}
