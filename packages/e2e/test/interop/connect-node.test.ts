// The interop cases against connect-node, a gRPC stack that shares no code with grpc-js or with our
// HTTP/2 engine.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import { type CaseName, caseNames, cases } from "../../interop/client/cases/index.ts";
import { runCase } from "../../interop/client/run.ts";
import { testService } from "../../interop/server/service.ts";
import { grpcJsExceptions, openChannel, serverOptions, transportNames } from "../../interop/transport.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { createTransport, serveConnect } from "../peers/connect-node.ts";
import { compressing, connectCases, unsupported } from "./connect-cases.ts";
import { routes } from "./connect-server.ts";

describe.each(transportNames)("our client on %s against connect-node's server", (client) => {
  /** The cases that connect-node's server fails, with the error message and the reason. */
  // grpc-js does not expose whether a response was compressed.
  const compressionError = `the response is ${client === "grpc-js" ? "not compressed" : "compressed"}`;
  const exceptions: { readonly [name in CaseName]?: readonly [message: string, reason: string] } = {
    client_compressed_unary: ["succeeded, expected INVALID_ARGUMENT", "a handler cannot see whether a request was compressed"],
    client_compressed_streaming: ["succeeded, expected INVALID_ARGUMENT", "a handler cannot see whether a request was compressed"],
    server_compressed_unary: [compressionError, "the server compresses long responses for clients that accept it; a handler cannot choose"],
    server_compressed_streaming: [
      compressionError,
      "the server compresses long responses for clients that accept it; a handler cannot choose",
    ],
  };

  test.each(caseNames.filter((name) => !(name in exceptions)))("%s passes", async (name) => {
    await using server = await serveConnect(routes);
    await runCase(cases[name], openChannel(client, server.address));
  });

  test.each(Object.entries(exceptions))("%s fails: %j", async (name, [message]) => {
    await using server = await serveConnect(routes);
    await expect(runCase(cases[name as CaseName], openChannel(client, server.address))).rejects.toThrow(message);
  });
});

describe.each(transportNames)("connect-node's client against our server on %s", (carrier) => {
  test("every case is covered or listed as unsupported", () => {
    expect([...Object.keys(connectCases), ...Object.keys(unsupported)].toSorted()).toEqual(caseNames.toSorted());
  });

  const exceptions = carrier === "grpc-js" ? grpcJsExceptions.server : {};

  test.each(Object.entries(connectCases).filter(([name]) => !(name in exceptions)))("%s passes", async (_name, run) => {
    await using server = await serveRpc([testService], serverOptions(carrier));
    using transport = createTransport(server.address);
    await run({
      test: createClient(TestService, transport),
      compressing: createClient(TestService, createGrpcTransport({ baseUrl: `http://${server.address}`, ...compressing })),
      unimplemented: createClient(UnimplementedService, transport),
    });
  });
});
