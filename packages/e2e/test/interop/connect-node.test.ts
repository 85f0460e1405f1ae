// The interop cases against connect-node, a gRPC stack that shares nothing with grpc-js.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import { type CaseName, caseNames, cases } from "../../interop/client/cases/index.ts";
import { runCase } from "../../interop/client/run.ts";
import { testService } from "../../interop/server/service.ts";
import { serveRpc } from "../harness/rpc-server.ts";
import { createTransport, serveConnect } from "../peers/connect-node.ts";
import { compressing, connectCases, impossible } from "./connect-cases.ts";
import { routes } from "./connect-server.ts";

describe("our client against connect-node's server", () => {
  /** What connect-node's server does not do, and how a case says so. */
  const exceptions: { readonly [name in CaseName]?: readonly [message: string, reason: string] } = {
    client_compressed_unary: ["succeeded instead of INVALID_ARGUMENT", "a handler cannot tell whether a request came compressed"],
    client_compressed_streaming: ["succeeded instead of INVALID_ARGUMENT", "a handler cannot tell whether a request came compressed"],
    server_compressed_unary: [
      "the response came compressed",
      "it compresses what is long enough, for callers that take it: nobody chooses",
    ],
    server_compressed_streaming: [
      "the response came compressed",
      "it compresses what is long enough, for callers that take it: nobody chooses",
    ],
  };

  test.each(caseNames.filter((name) => !(name in exceptions)))("%s holds", async (name) => {
    await using server = await serveConnect(routes);
    await runCase(cases[name], server.address);
  });

  test.each(Object.entries(exceptions))("%s does not: %j", async (name, [message]) => {
    await using server = await serveConnect(routes);
    await expect(runCase(cases[name as CaseName], server.address)).rejects.toThrow(message);
  });
});

describe("connect-node's client against our server", () => {
  test("every case is there but for those that it cannot do", () => {
    expect([...Object.keys(connectCases), ...Object.keys(impossible)].toSorted()).toEqual(caseNames.toSorted());
  });

  test.each(Object.entries(connectCases))("%s holds", async (_name, run) => {
    await using server = await serveRpc([testService]);
    using transport = createTransport(server.address);
    await run({
      test: createClient(TestService, transport),
      compressing: createClient(TestService, createGrpcTransport({ baseUrl: `http://${server.address}`, ...compressing })),
      unimplemented: createClient(UnimplementedService, transport),
    });
  });
});
