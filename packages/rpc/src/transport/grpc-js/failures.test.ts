// How calls on a grpc-js channel fail. Each error has plain words and a cause, which an error from
// a server never has.
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Authority, newAuthority } from "../../../test/authority.ts";
import { RecordedCall } from "../../../test/recorder.ts";
import { Code } from "../../protocol/code.ts";
import type { ServerTls } from "../../security/tls.ts";
import { grpcJsChannel } from "./channel.ts";
import { grpcJsCredentials, serverCredentials } from "./credentials.ts";

const path = "/test.Bytes/unary";

async function failureAt(target: string, credentials = grpc.credentials.createInsecure(), options: grpc.ChannelOptions = {}) {
  const channel = grpcJsChannel(new grpc.Channel(target, credentials, { "grpc.use_local_subchannel_pool": 1, ...options }), {
    secure: credentials.constructor !== grpc.credentials.createInsecure().constructor,
  });
  onTestFinished(() => channel.close());
  return new RecordedCall(channel, path).ended;
}

/** A server of node:http2 with its own answers. */
async function answer(respond: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = createHttp2Server();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session.on("error", () => {})));
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    respond(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const grpcHeader = { ":status": 200, "content-type": "application/grpc" };

describe("answers", () => {
  test.each<[string, (stream: ServerHttp2Stream) => void, Code, RegExp]>([
    ["a reset", (stream) => stream.close(2), Code.INTERNAL, /^the server reset \/test\.Bytes\/unary with INTERNAL_ERROR$/],
    ["a cancel", (stream) => stream.close(8), Code.CANCELLED, /^the server cancelled \/test\.Bytes\/unary$/],
    ["ENHANCE_YOUR_CALM", (stream) => stream.close(11), Code.RESOURCE_EXHAUSTED, /with ENHANCE_YOUR_CALM: it has a limit/],
    ["INADEQUATE_SECURITY", (stream) => stream.close(12), Code.PERMISSION_DENIED, /with INADEQUATE_SECURITY: it requires better TLS$/],
    [
      "an HTTP status",
      (stream) => stream.respond({ ":status": 404 }, { endStream: true }),
      Code.UNIMPLEMENTED,
      /^the response to \/test\.Bytes\/unary is not gRPC: HTTP status 404$/,
    ],
    [
      "another content type",
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "text/html" });
        stream.end("<html>");
      },
      Code.UNKNOWN,
      /^the response to \/test\.Bytes\/unary is not gRPC: HTTP status 200 with the content type "text\/html"$/,
    ],
    [
      "no status",
      (stream) => stream.respond(grpcHeader, { endStream: true }),
      Code.UNKNOWN,
      /^the response to \/test\.Bytes\/unary has HTTP status 200, but no gRPC status$/,
    ],
    [
      "an unknown status code",
      (stream) => stream.respond({ ...grpcHeader, "grpc-status": 99, "grpc-message": "odd" }, { endStream: true }),
      Code.UNKNOWN,
      /^odd$/,
    ],
    [
      "a lost connection",
      (stream) => void stream.session?.destroy(),
      Code.UNAVAILABLE,
      /^the connection to 127\.0\.0\.1:\d+ was lost during \/test\.Bytes\/unary$/,
    ],
  ])("%s", async (name, respond, code, message) => {
    const { code: got, message: said, cause } = await failureAt(await answer(respond));
    expect(said).toMatch(message);
    expect(got).toBe(code);
    expect(cause !== undefined).toBe(name !== "an unknown status code");
  });

  test("a message over the channel's limit", async () => {
    const target = await answer((stream) => {
      stream.respond(grpcHeader);
      const message = Buffer.alloc(2_005);
      message.writeUInt32BE(2_000, 1);
      stream.end(message);
    });
    expect(await failureAt(target, undefined, { "grpc.max_receive_message_length": 1_000 })).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      message: `a message of ${path} has 2000 bytes, and the limit is 1000`,
    });
  });

  test("after a response has begun, messages like those of grpc-js are kept as the server's own", async () => {
    const target = await answer((stream) => {
      stream.respond(grpcHeader, { waitForTrailers: true });
      stream.on("wantTrailers", () =>
        stream.sendTrailers({ "grpc-status": 14, "grpc-message": "No connection established. Last error: x" }),
      );
      stream.end();
    });
    const { code, message } = await failureAt(target);
    expect(code).toBe(Code.UNAVAILABLE);
    expect(message).not.toMatch(/^cannot connect/);
  });
});

describe("TLS", () => {
  let authority: Authority;
  let tls: ServerTls;
  beforeAll(async () => {
    authority = await newAuthority();
    tls = await authority.issue("server");
  });

  async function serve(tls: ServerTls | undefined): Promise<string> {
    const server = new grpc.Server();
    const port = await new Promise<number>((resolve) =>
      server.bindAsync("127.0.0.1:0", serverCredentials(tls), (_, port) => resolve(port)),
    );
    onTestFinished(() => server.forceShutdown());
    return `127.0.0.1:${port}`;
  }

  const failure = (why: RegExp) => ({ code: Code.UNAVAILABLE, message: expect.stringMatching(why), cause: expect.any(Error) });

  test("a server without TLS", async () => {
    expect(await failureAt(await serve(undefined), grpcJsCredentials({ ca: authority.cert }))).toMatchObject(
      failure(/^cannot connect to 127\.0\.0\.1:\d+: the server (does not speak TLS|closed the connection during the handshake)/),
    );
  });

  test("a server that expects TLS", async () => {
    expect(await failureAt(await serve(tls))).toMatchObject(
      failure(/: the server closed the connection during the handshake: does it expect TLS\?$/),
    );
  });

  test("an untrusted authority", async () => {
    const stranger = await newAuthority();
    expect(await failureAt(await serve(tls), grpcJsCredentials({ ca: stranger.cert }))).toMatchObject(
      failure(/: the server's certificate is not signed by an authority that this client trusts$/),
    );
  });

  test("a certificate for another name", async () => {
    const options = { "grpc.ssl_target_name_override": "shop.example" };
    expect(await failureAt(await serve(tls), grpcJsCredentials({ ca: authority.cert }), options)).toMatchObject(
      failure(/: the server's certificate is not for shop\.example, but for /),
    );
  });

  test("a missing client certificate", async () => {
    const { message } = await failureAt(await serve({ ...tls, clientCa: authority.cert }), grpcJsCredentials({ ca: authority.cert }));
    expect(message).toMatch(/requires a client certificate|does it trust this client's certificate|the connection to \S+ was lost/);
  });
});
