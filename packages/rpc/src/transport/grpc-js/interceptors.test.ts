// Interceptors and call credentials of grpc-js, around the calls of this package.
import * as grpc from "@grpc/grpc-js";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Authority, type Identity, newAuthority } from "../../../test/authority.ts";
import { RecordedCall } from "../../../test/recorder.ts";
import { Code } from "../../protocol/code.ts";
import type { ClientTls } from "../../security/tls.ts";
import { type GrpcJsChannelOptions, grpcJsChannel } from "./channel.ts";
import { grpcJsCredentials } from "./credentials.ts";

const asIs = (bytes: Buffer) => bytes;
const path = "/test.Bytes/echo";
const definition = {
  echo: {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

let authority: Authority;
let identity: Identity;
beforeAll(async () => {
  authority = await newAuthority();
  identity = await authority.issue("server");
});

/**
 * An echo server that sends the metadata values `x-who` and `authorization` back as header, and a
 * channel to it.
 */
async function start(options: GrpcJsChannelOptions, tls = false) {
  const server = new grpc.Server();
  let calls = 0;
  server.addService(definition, {
    echo: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      calls++;
      const header = new grpc.Metadata();
      for (const key of ["x-who", "authorization"]) for (const value of call.metadata.get(key)) header.add(`got-${key}`, value);
      call.sendMetadata(header);
      call.on("data", (request: Buffer) => call.write(request)).on("end", () => call.end());
    },
  });
  const pair = { cert_chain: Buffer.from(identity.cert), private_key: Buffer.from(identity.key) };
  const credentials = tls ? grpc.ServerCredentials.createSsl(null, [pair]) : grpc.ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve) => server.bindAsync("127.0.0.1:0", credentials, (_, port) => resolve(port)));
  onTestFinished(() => server.forceShutdown());
  const own = tls ? grpcJsCredentials({ ca: authority.cert }) : grpc.credentials.createInsecure();
  const channel = grpcJsChannel(new grpc.Channel(`127.0.0.1:${port}`, own, {}), options);
  onTestFinished(() => channel.close());
  return { channel, calls: () => calls };
}

async function echo(channel: Awaited<ReturnType<typeof start>>["channel"], ...requests: string[]) {
  const call = new RecordedCall(channel, path, { requestStream: true, responseStream: true, metadata: { "x-mine": "1" } });
  for (const request of requests) call.stream.send(Buffer.from(request), false);
  call.stream.halfClose();
  return { call, status: await call.ended };
}

describe("interceptors", () => {
  test("see metadata, each message as bytes, and the status, the first outermost", async () => {
    const seen: string[] = [];
    const watching =
      (name: string): grpc.Interceptor =>
      (options, nextCall) =>
        new grpc.InterceptingCall(nextCall(options), {
          start: (metadata, _listener, next) => {
            seen.push(`${name} ${options.method_definition.path}`);
            metadata.add("x-who", name);
            next(metadata, {
              onReceiveMessage: (message: Buffer, next) => {
                seen.push(`${name} got ${message}`);
                next(message);
              },
              onReceiveStatus: (status, next) => {
                seen.push(`${name} ended ${grpc.status[status.code]}`);
                next(status);
              },
            });
          },
          sendMessage: (message: Buffer, next) => {
            seen.push(`${name} sends ${message}`);
            next(message);
          },
        });
    const { channel } = await start({ interceptors: [watching("outer"), watching("inner")] });
    const { call, status } = await echo(channel, "a", "b");
    expect(status.code).toBe(Code.OK);
    expect(call.messages).toEqual(["a", "b"]);
    expect(call.header?.getAll("got-x-who")).toEqual(["outer, inner"]);
    expect(seen.slice(0, 2)).toEqual([`outer ${path}`, `inner ${path}`]);
    expect(seen.filter((event) => event.startsWith("inner"))).toEqual([
      `inner ${path}`,
      "inner sends a",
      "inner sends b",
      "inner got a",
      "inner got b",
      "inner ended OK",
    ]);
    expect(seen.slice(-2)).toEqual(["inner ended OK", "outer ended OK"]);
  });

  test("may end a call at once, but no callback runs before open() has returned", async () => {
    const rejecting: grpc.Interceptor = (options, nextCall) =>
      new grpc.InterceptingCall(nextCall(options), {
        start: (_metadata, listener) =>
          listener.onReceiveStatus({ code: grpc.status.PERMISSION_DENIED, details: "not you", metadata: new grpc.Metadata() }),
      });
    const { channel, calls } = await start({ interceptors: [rejecting] });
    expect((await echo(channel, "a")).status).toMatchObject({ code: Code.PERMISSION_DENIED, message: "not you" });
    expect(calls()).toBe(0);
  });

  test("may set a deadline and credentials", async () => {
    const hurrying: grpc.Interceptor = (options, nextCall) =>
      new grpc.InterceptingCall(nextCall({ ...options, deadline: Date.now() + 50 }), { halfClose: () => {} });
    const { channel } = await start({ interceptors: [hurrying] });
    const call = new RecordedCall(channel, path, { requestStream: true, responseStream: true, deadline: Date.now() + 60_000 });
    expect(await call.ended).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  test("that change a message to a value other than a Buffer end the call", async () => {
    const request: grpc.Interceptor = (options, nextCall) =>
      new grpc.InterceptingCall(nextCall(options), { sendMessage: (_message, next) => next({ text: "a" }) });
    const response: grpc.Interceptor = (options, nextCall) =>
      new grpc.InterceptingCall(nextCall(options), {
        start: (metadata, _listener, next) => next(metadata, { onReceiveMessage: (_message, next) => next("a") }),
      });
    for (const [interceptor, what] of [
      [request, "request"],
      [response, "response"],
    ] as const) {
      const { channel } = await start({ interceptors: [interceptor] });
      const message = `an interceptor of grpc-js changed a ${what} to a value that is not a Buffer`;
      expect((await echo(channel, "a")).status).toMatchObject({ code: Code.INTERNAL, message });
    }
  });
});

test.each<[ClientTls, RegExp]>([
  [{ serverName: "x" }, /give the channel "grpc\.ssl_target_name_override"/],
  [{ reloadMs: 5 }, /leave out tls\.reloadMs/],
])("grpcJsCredentials rejects %j", (options, message) => {
  expect(() => grpcJsCredentials(options)).toThrow(message);
});

describe("call credentials", () => {
  const giving = (fill: (metadata: grpc.Metadata) => void) =>
    grpc.credentials.createFromMetadataGenerator((_options, callback) => {
      const metadata = new grpc.Metadata();
      fill(metadata);
      callback(null, metadata);
    });

  test("are sent with each call", async () => {
    const callCredentials = giving((metadata) => metadata.add("authorization", "Bearer x"));
    const { channel } = await start({ secure: true, callCredentials }, true);
    expect(channel.secure).toBe(true);
    const { call, status } = await echo(channel, "a");
    expect(status.code).toBe(Code.OK);
    expect(call.header?.get("got-authorization")).toBe("Bearer x");
  });

  test.each<[string, grpc.CallCredentials, RegExp]>([
    ["reserved", giving((metadata) => metadata.add("connection", "close")), /the metadata key "connection" is reserved for HTTP/],
    ["the protocol's", giving((metadata) => metadata.add("grpc-timeout", "1S")), /the metadata key "grpc-timeout" is reserved for gRPC/],
    ["too large", giving((metadata) => metadata.add("x", "y".repeat(70_000))), /the limit for a header is 61440/],
    ["missing", grpc.credentials.createFromMetadataGenerator((_, callback) => callback(null)), /they returned no metadata/],
    ["an error", grpc.credentials.createFromMetadataGenerator((_, callback) => callback(new Error("no token"))), /no token/],
  ])("with metadata that cannot be sent end the call: %s", async (_, callCredentials, reason) => {
    const { channel, calls } = await start({ secure: true, callCredentials }, true);
    const { status } = await echo(channel, "a");
    expect(status.message).toMatch(new RegExp(`^the call credentials of ${path} failed: `));
    expect(status.message).toMatch(reason);
    expect(status.code).not.toBe(Code.OK);
    expect(calls()).toBe(0);
  });
});
