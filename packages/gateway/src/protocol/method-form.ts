// The two forms of a method in Connect and gRPC-Web: JSON, which the gateway converts, and bytes, which
// it passes on. Each is created by the first call that needs it.
import { fromBinary, type Message } from "@bufbuild/protobuf";
import { jsonCodec } from "@grpc-study/codec/json";
import { parsed } from "../fields/bind-request.ts";
import { textOf } from "../http/body.ts";
import { type Calls, callsOf, resolvingTypes } from "../route.ts";
import type { RpcMethod } from "../routes.ts";
import type { Format } from "./format.ts";
import { type RawMessage, rawCodec } from "./raw-codec.ts";

/** A method with one encoding of its messages. Only its members know what its messages are. */
export interface MethodForm {
  readonly calls: Calls;
  /** @throws RpcError INVALID_ARGUMENT or RESOURCE_EXHAUSTED for an invalid message. */
  decode(bytes: Buffer): Message;
  encode(message: Message): string | Buffer;
  /** Whether bytes are a message of the method's input type. */
  isRequest(bytes: Buffer): boolean;
}

const forms = { json: new WeakMap<RpcMethod, MethodForm>(), proto: new WeakMap<RpcMethod, MethodForm>() };

/** The form of a method. */
export function formOf(method: RpcMethod, format: Format): MethodForm {
  let form = forms[format].get(method);
  if (form === undefined) {
    form = format === "json" ? jsonForm(method) : rawForm(method);
    forms[format].set(method, form);
  }
  return form;
}

function jsonForm({ method, connections, options: { json, anyTypes } }: RpcMethod): MethodForm {
  const request = jsonCodec(method.input, json);
  const response = jsonCodec(method.output, json);
  return {
    calls: resolvingTypes(callsOf(method, connections), method.output, anyTypes),
    decode: (bytes) => {
      const text = textOf(bytes);
      return parsed(() => request.parse(text));
    },
    encode: (message) => response.print(message),
    // `decode` has checked it.
    isRequest: () => true,
  };
}

/** The client of this form takes and returns a RawMessage where its type says Message. */
function rawForm({ method, connections }: RpcMethod): MethodForm {
  return {
    calls: callsOf(method, connections, rawCodec),
    decode: (bytes) => ({ bytes }) satisfies RawMessage as unknown as Message,
    encode: (message) => (message as unknown as RawMessage).bytes,
    isRequest: (bytes) => {
      try {
        fromBinary(method.input, bytes);
        return true;
      } catch {
        return false;
      }
    },
  };
}
