// Calls with our own client.
import type { Message } from "@bufbuild/protobuf";
import { createClient, RpcError } from "@grpc-study/rpc";
import { openChannel } from "../../interop/transport.ts";
import { transport } from "../harness/transport.ts";
import { type Caller, isStream, ok, requestsOf, toProtoJson } from "./caller.ts";

/** The type of a method when its service is only known at run time. */
type AnyMethod = (requests: Message | Iterable<Message> | undefined) => Promise<Message> | AsyncIterable<Message>;

export const callWithRpc: Caller = async (address, { method, requests, take }) => {
  using channel = openChannel(transport, address);
  const client = createClient(method.parent, channel);
  const call = (client as unknown as Record<string, AnyMethod>)[method.localName] as AnyMethod;
  const messages = requestsOf({ method, requests });
  const responses: Message[] = [];
  const result = (ending: { code: number; message: string }) => ({
    responses: responses.map((response) => toProtoJson(method.output, response)),
    ...ending,
  });
  try {
    const answer = call(isStream.ofRequests(method) ? messages : messages[0]);
    if (answer instanceof Promise) responses.push(await answer);
    else {
      for await (const response of answer) {
        responses.push(response);
        if (responses.length === take) break;
      }
    }
    return result(ok);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return result({ code: error.code, message: error.message });
  }
};
