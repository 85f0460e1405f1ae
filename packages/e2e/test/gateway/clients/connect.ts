// Calls with a transport of connect-es: connect-web, or connect-node.
import type { DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { type CallInit, type Ending, ok, requestsOf, toProtoJson } from "../../peers/call.ts";

export async function callWithTransport(transport: Transport, { method, requests, take, metadata }: CallInit): Promise<Ending> {
  const messages = requestsOf({ method, requests });
  const responses: Message[] = [];
  const leave = new AbortController();
  const result = (ending: { code: number; message: string }) => ({
    responses: responses.map((response) => toProtoJson(method.output, response)),
    ...ending,
  });
  try {
    if (method.methodKind === "unary") {
      const [message] = messages as [Message];
      const answer = await transport.unary(method as DescMethodUnary, leave.signal, undefined, metadata, message);
      responses.push(answer.message);
    } else {
      const call = await transport.stream(method as DescMethodStreaming, leave.signal, undefined, metadata, iterate(messages));
      for await (const response of call.message) {
        responses.push(response);
        if (responses.length === take) break;
      }
      leave.abort();
    }
    return result(ok);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return result({ code: error.code, message: error.rawMessage });
  }
}

async function* iterate<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}
