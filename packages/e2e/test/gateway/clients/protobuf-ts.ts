// Calls with @protobuf-ts/grpcweb-transport, and its own encoding of messages.
import { type DescEnum, type DescField, type DescMessage, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { GrpcStatusCode, GrpcWebFetchTransport } from "@protobuf-ts/grpcweb-transport";
import { type EnumInfo, MessageType, type PartialFieldInfo, RepeatType } from "@protobuf-ts/runtime";
import { type MethodInfo, RpcError, ServiceType, type UnaryCall } from "@protobuf-ts/runtime-rpc";
import { ok, requestsOf, toProtoJson } from "../../peers/call.ts";
import { oneRequest, type WebClient } from "./client.ts";

export function protobufTs(format: "text" | "binary"): WebClient {
  return {
    name: `@protobuf-ts/grpcweb-transport, ${format}`,
    kinds: oneRequest,
    async call(baseUrl, { method, requests, take, metadata = {} }) {
      const transport = new GrpcWebFetchTransport({ baseUrl, format });
      const info = methodInfo(method);
      const leave = new AbortController();
      const options = transport.mergeOptions({ meta: { ...metadata }, abort: leave.signal });
      const [message] = requestsOf({ method, requests }) as [Message];
      const input = info.I.fromBinary(toBinary(method.input, message));
      const responses: Message[] = [];
      const receive = (response: object) => responses.push(fromBinary(method.output, info.O.toBinary(response)));
      const result = (ending: { code: number; message: string }) => ({
        responses: responses.map((response) => toProtoJson(method.output, response)),
        ...ending,
      });
      try {
        if (method.methodKind === "unary") receive((await complete(transport.unary(info, input, options))).response);
        else {
          const call = transport.serverStreaming(info, input, options);
          for (const promise of [call.headers, call.status, call.trailers]) promise.catch(() => {});
          for await (const response of call.responses) {
            receive(response);
            if (responses.length === take) break;
          }
          leave.abort();
        }
        return result(ok);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        // This client leaves the percent-encoding of grpc-message.
        return result({ code: GrpcStatusCode[error.code as keyof typeof GrpcStatusCode], message: decodeURIComponent(error.message) });
      }
    },
  };
}

/** Waits for a call. Its promises reject one by one, which is no fault. */
async function complete(call: UnaryCall<object, object>): Promise<Awaited<UnaryCall<object, object>>> {
  for (const promise of [call.headers, call.status, call.trailers]) promise.catch(() => {});
  return await call;
}

/** Describes a method as the generated code of protobuf-ts does. */
function methodInfo({ parent, name, input, output, methodKind }: DescMethod): MethodInfo<object, object> {
  const method = { name, I: messageType(input), O: messageType(output), serverStreaming: methodKind === "server_streaming" };
  const [info] = new ServiceType(parent.typeName, [method]).methods;
  if (info === undefined) throw new Error(`no method ${name}`);
  return info;
}

const types = new Map<DescMessage, MessageType<object>>();

function messageType(message: DescMessage): MessageType<object> {
  const known = types.get(message);
  if (known !== undefined) return known;
  const type = new MessageType<object>(message.typeName, message.fields.map(fieldInfo));
  types.set(message, type);
  return type;
}

function fieldInfo(field: DescField): PartialFieldInfo {
  const one = { no: field.number, name: field.name };
  switch (field.fieldKind) {
    case "scalar":
      return { ...one, kind: "scalar", T: field.scalar };
    case "enum":
      return { ...one, kind: "enum", T: () => enumInfo(field.enum) };
    case "message":
      return { ...one, kind: "message", T: () => messageType(field.message) };
    case "list": {
      if (field.listKind !== "message") throw new TypeError(`${field}: the tutorials have lists of messages only`);
      const { message } = field;
      return { ...one, kind: "message", repeat: RepeatType.UNPACKED, T: () => messageType(message) };
    }
    case "map":
      throw new TypeError(`${field}: the tutorials have no map`);
  }
}

const enumInfo = (type: DescEnum): EnumInfo => [
  type.typeName,
  Object.fromEntries(type.values.flatMap(({ name, number }) => [[name, number] as const, [number, name] as const])),
];
