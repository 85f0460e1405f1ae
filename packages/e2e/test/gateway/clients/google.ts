// Calls with grpc-web, Google's client. It needs XMLHttpRequest, so it runs only in a browser.
import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { type ClientReadableStream, GrpcWebClientBase, MethodDescriptor, type RpcError } from "grpc-web";
import { type Ending, ok, requestsOf, toProtoJson } from "../../peers/call.ts";
import { type MethodKind, oneRequest, type WebClient } from "./client.ts";

/**
 * @param format with `binary`, the client passes on messages only at the end of the response. Hence
 *   it makes unary calls only.
 */
export function googleGrpcWeb(format: "text" | "binary"): WebClient {
  const kinds: readonly MethodKind[] = format === "text" ? oneRequest : ["unary"];
  return {
    name: `grpc-web, ${format}`,
    kinds,
    call(url, { method, requests, take, metadata = {} }) {
      const client = new GrpcWebClientBase({ format });
      const [message] = requestsOf({ method, requests }) as [Message];
      const path = `${url}/${method.parent.typeName}/${method.name}`;
      const responses: Message[] = [];
      return new Promise<Ending>((resolve) => {
        const end = ({ code, message }: { code: number; message: string }) =>
          resolve({ responses: responses.map((response) => toProtoJson(method.output, response)), code, message });
        const fail = ({ code, message }: RpcError) => end({ code, message });
        if (method.methodKind === "unary") {
          client.unaryCall(path, message, { ...metadata }, descriptor(method)).then((response) => {
            responses.push(response);
            end(ok);
          }, fail);
          return;
        }
        const stream: ClientReadableStream<Message> = client.serverStreaming(path, message, { ...metadata }, descriptor(method));
        stream.on("data", (response) => {
          responses.push(response);
          if (responses.length !== take) return;
          stream.cancel();
          end(ok);
        });
        stream.on("error", fail);
        stream.on("end", () => end(ok));
      });
    },
  };
}

/** Describes a method as the generated code does. The messages are those of protobuf-es. */
function descriptor({ parent, name, methodKind, input, output }: DescMethod): MethodDescriptor<Message, Message> {
  const type = class {} as unknown as new () => Message;
  return new MethodDescriptor(
    `/${parent.typeName}/${name}`,
    methodKind,
    type,
    type,
    (message: Message) => toBinary(input, message),
    (bytes: Uint8Array) => fromBinary(output, bytes),
  );
}
