// What a handler passes on from an upstream: the code, message and details of an error. Metadata is
// passed on only by choice.
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { connect, everyKind, everyWay, failureOf, kinds, startBy } from "../test/harness.ts";
import { transportsWith } from "../test/transports.ts";
import { Code, type Context, detail, Metadata, RpcError } from "./index.ts";
import { BadRequestSchema } from "./protocol/error-details.ts";

/** A foreign upstream. Its trailers-only response is full of fields that must not be passed on. */
async function upstream(): Promise<string> {
  const server = http2.createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        "content-length": 0,
        date: "Thu, 01 Jan 1970 00:00:00 GMT",
        "grpc-status": Code.NOT_FOUND,
        "grpc-message": "no such thing",
        "grpc-encoding": "identity",
        "grpc-internal": "1",
        "x-internal": "secret",
      },
      { endStream: true },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Metadata with fields that must not be passed on, built without the public API. */
function received(fields: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(fields)) metadata.receive(key, value);
  return metadata;
}

test.each(everyWay)("$transport, $kind: a rethrown upstream error is sent without its metadata", async ({ transport, kind }) => {
  const from = connect(await upstream());
  const { client } = await startBy(
    transport,
    everyKind(async () => (await from.unary({})).text),
  );
  const error = await failureOf(kinds[kind](client, ""));
  expect(error).toMatchObject({ code: Code.NOT_FOUND, message: "no such thing" });
  expect((error as RpcError).metadata.size).toBe(0);
});

test.each(everyWay)("$transport, $kind: details are sent on, and metadata by choice", async ({ transport, kind }) => {
  const details = [detail(BadRequestSchema, { fieldViolations: [{ field: "f" }] })];
  const { client: from } = await startBy(
    transport,
    everyKind(() => {
      throw new RpcError(Code.ABORTED, "again", { details, metadata: { "x-reason": "busy", "x-internal": "secret" } });
    }),
  );
  const relays: Record<string, (error: RpcError) => RpcError> = {
    rethrown: (error) => error,
    chosen: (error) =>
      new RpcError(error.code, error.message, { details: error.details, metadata: { "x-reason": error.metadata.getAll("x-reason") } }),
    whole: (error) => new RpcError(error.code, error.message, { details: error.details, metadata: error.metadata }),
  };
  const seen: Record<string, object> = {};
  for (const [name, relay] of Object.entries(relays)) {
    const { client } = await startBy(
      transport,
      everyKind(async () => {
        throw relay(RpcError.from(await failureOf(from.unary({}))));
      }),
    );
    const error = RpcError.from(await failureOf(kinds[kind](client, "")));
    expect(error).toMatchObject({ code: Code.ABORTED, message: "again" });
    expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "f" }] }]);
    seen[name] = Object.fromEntries(error.metadata);
  }
  expect(seen).toEqual({ rethrown: {}, chosen: { "x-reason": "busy" }, whole: { "x-reason": "busy", "x-internal": "secret" } });
});

const reserved = [
  "grpc-status",
  "Grpc-Message",
  "grpc-encoding",
  "grpc-status-details-bin",
  "grpc-other",
  "content-type",
  "content-length",
  "te",
  "connection",
];

test.each(everyWay)(
  "$transport, $kind: setting a protocol key throws in the handler, and the call ends with INTERNAL",
  async ({ transport, kind }) => {
    const thrown: unknown[] = [];
    const reported: unknown[] = [];
    let place: "header" | "trailer" | "error" = "header";
    let key = "";
    const handlers = everyKind((context: Context) => {
      const value = key.endsWith("-bin") ? Buffer.from([1]) : "0";
      try {
        if (place === "error") new RpcError(Code.DATA_LOSS, "lost", { metadata: { [key]: value } });
        else context[place].set(key, value);
      } catch (error) {
        thrown.push(error);
        throw error;
      }
      throw new RpcError(Code.DATA_LOSS, "lost");
    });
    const { client } = await startBy(transport, handlers, { onError: (error) => reported.push(error) });
    for (place of ["header", "trailer", "error"] as const) {
      for (key of reserved) {
        expect(await failureOf(kinds[kind](client, "")), `${place} ${key}`).toMatchObject({
          code: Code.INTERNAL,
          message: "internal error",
        });
        const message: unknown = expect.stringContaining(`"${key.toLowerCase()}"`);
        expect(thrown.splice(0)).toMatchObject([{ name: "MetadataError", message }]);
        expect(reported.splice(0)).toHaveLength(1);
      }
    }
  },
);

test.each(everyWay)("$transport, $kind: merge() leaves out the reserved keys of received metadata", async ({ transport, kind }) => {
  const others = received({ "grpc-status": "0", "content-length": "0", "content-type": "text/plain", "x-a": "1" });
  const { client } = await startBy(
    transport,
    everyKind((context) => {
      context.header.merge(others);
      context.trailer.merge(others);
      throw new RpcError(Code.DATA_LOSS, "lost", { metadata: others });
    }),
  );
  const error = RpcError.from(await failureOf(kinds[kind](client, "")));
  expect(error).toMatchObject({ code: Code.DATA_LOSS, message: "lost" });
  expect([...error.metadata.keys()]).toEqual(["x-a"]);
  expect(others.get("grpc-status")).toBe("0");
});

test.each(everyWay)("$transport, $kind: a client sees no protocol fields in the header and the trailer", async ({ transport, kind }) => {
  const { client } = await startBy(
    transport,
    everyKind((context) => {
      context.header.set("x-header", "1");
      context.trailer.set("x-trailer", "2");
      return "";
    }),
    transportsWith("compression").includes(transport) ? { compression: "gzip" } : {},
  );
  const seen: object[] = [];
  const see = (metadata: Metadata) => seen.push(Object.fromEntries(metadata));
  await kinds[kind](client, "", { onHeader: see, onTrailer: see });
  expect(seen).toEqual([{ "x-header": "1" }, { "x-trailer": "2" }]);
});

test("an error in a client has the received metadata without the protocol fields", async () => {
  const error = RpcError.from(await failureOf(connect(await upstream()).unary({})));
  expect(Object.fromEntries(error.metadata)).toEqual({ "x-internal": "secret" });
});
