// grpc-js in its most common form: proto-loader reads the .proto files at run time, and protobufjs
// encodes the messages.
import type { DescMethod, DescService, JsonObject, JsonValue } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoFolder, thirdPartyFolder } from "../harness/paths.ts";
import { type Caller, ok } from "./caller.ts";
import type { ForeignServer } from "./connect-node.ts";
import type { Replay } from "./replay.ts";

type Definition = grpc.ServiceDefinition;
type Method = grpc.MethodDefinition<object, object>;

/** Loads the definition of a service from its .proto file. */
export function load(service: DescService): Definition {
  const loaded = loadSync(`${service.file.name}.proto`, {
    includeDirs: [protoFolder, thirdPartyFolder],
    keepCase: true,
    longs: String,
    enums: String,
  });
  return loaded[service.typeName] as Definition;
}

export function loadMethod({ parent, name }: DescMethod): Method {
  return load(parent)[name] as Method;
}

export interface LoaderClient extends grpc.Client, Disposable {}

export function createLoaderClient(address: string, options?: grpc.ClientOptions): LoaderClient {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), options);
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

export const callWithLoader: Caller = async (address, { method, requests, take, metadata: entries = {} }) => {
  using client = createLoaderClient(address);
  const { path, requestSerialize, responseDeserialize } = loadMethod(method);
  const responses: object[] = [];
  const messages = requests.map(toLoader);
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  const status = await new Promise<Pick<grpc.StatusObject, "code" | "details">>((resolve) => {
    const callback = (error: grpc.ServiceError | null, response?: object) => {
      if (response !== undefined) responses.push(response);
      resolve(error ?? { code: grpc.status.OK, details: "" });
    };
    const read = (call: grpc.ClientReadableStream<object> | grpc.ClientDuplexStream<object, object>) => {
      call.on("data", (response: object) => {
        if (responses.length === take) return;
        responses.push(response);
        if (responses.length !== take) return;
        call.cancel();
        resolve({ code: grpc.status.OK, details: "" });
      });
      call.on("error", () => {});
      call.on("status", (status: grpc.StatusObject) => resolve(status));
    };
    const write = (call: grpc.ClientWritableStream<object>) => {
      for (const message of messages) call.write(message);
      call.end();
    };
    switch (method.methodKind) {
      case "unary":
        return client.makeUnaryRequest(path, requestSerialize, responseDeserialize, messages[0] ?? {}, metadata, callback);
      case "server_streaming":
        return read(client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, messages[0] ?? {}, metadata));
      case "client_streaming":
        return write(client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, metadata, callback));
      case "bidi_streaming": {
        const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
        read(call);
        return write(call);
      }
    }
  });
  const ending = status.code === grpc.status.OK ? ok : { code: status.code, message: status.details };
  return { responses: responses.map(toJson), ...ending };
};

/** Serves the services that `add` adds to a grpc-js server. */
export async function serveLoader(add: (server: grpc.Server) => void): Promise<ForeignServer> {
  const server = new grpc.Server();
  add(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** Serves the methods of a replay. */
export function serveReplayWithLoader(replay: Replay): Promise<ForeignServer> {
  return serveLoader((server) => {
    for (const service of new Set(replay.methods.map(({ parent }) => parent))) {
      const methods = replay.methods.filter(({ parent }) => parent === service);
      server.addService(load(service), Object.fromEntries(methods.map((method) => [method.name, implement(replay, method)])));
    }
  });
}

function implement(replay: Replay, method: DescMethod): grpc.UntypedHandleCall {
  const start = () => {
    const { receive, rest } = replay.start(method);
    return {
      receive: (request: object) => receive(toJson(request)).map(toLoader),
      rest: () => rest().map(toLoader),
    };
  };
  switch (method.methodKind) {
    case "unary":
      return ((call, callback) => {
        const { receive, rest } = start();
        receive(call.request);
        callback(null, rest()[0]);
      }) satisfies grpc.handleUnaryCall<object, object>;
    case "server_streaming":
      return ((call) => {
        const { receive, rest } = start();
        receive(call.request);
        for (const response of rest()) call.write(response);
        call.end();
      }) satisfies grpc.handleServerStreamingCall<object, object>;
    case "client_streaming":
      return ((call, callback) => {
        const { receive, rest } = start();
        call.on("data", receive);
        call.on("end", () => callback(null, rest()[0]));
      }) satisfies grpc.handleClientStreamingCall<object, object>;
    case "bidi_streaming":
      return ((call) => {
        const { receive, rest } = start();
        call.on("data", (request: object) => {
          for (const response of receive(request)) call.write(response);
        });
        call.on("end", () => {
          for (const response of rest()) call.write(response);
          call.end();
        });
      }) satisfies grpc.handleBidiStreamingCall<object, object>;
  }
}

/** protobufjs does not support the JSON form of a Timestamp. */
function toLoader(json: JsonObject): JsonObject {
  return convert(json, (value) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? { seconds: `${Date.parse(value) / 1000}` } : value,
  ) as JsonObject;
}

function toJson(message: object): JsonObject {
  return convert(message as JsonObject, (value) =>
    typeof value === "object" && value !== null && "seconds" in value
      ? new Date(Number(value["seconds"]) * 1000).toISOString().replace(".000Z", "Z")
      : value,
  ) as JsonObject;
}

function convert(value: JsonValue, one: (value: JsonValue) => JsonValue): JsonValue {
  const converted = one(value);
  if (converted !== value || typeof value !== "object" || value === null) return converted;
  if (Array.isArray(value)) return value.map((item) => convert(item, one));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item, one)]));
}
