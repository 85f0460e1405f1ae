import { create } from "@bufbuild/protobuf";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { Greeter } from "@grpc-study/proto/helloworld";
import { Greeter as Push } from "@grpc-study/proto/push";
import { type ProdAreas, ProdService } from "@grpc-study/proto/shop";
import { Code, createClient, RpcError } from "@grpc-study/rpc";
import { BadRequestSchema } from "@grpc-study/rpc/error-details";
import { describe, expect, test } from "vitest";
import { addressOf } from "../harness/address-of.ts";
import { ConnectCode, ConnectError, callWithConnect, createTransport, serveConnect, serveReplayWithConnect } from "./connect-node.ts";
import { testCalls, testServer } from "./suite.ts";

describe("a connect-node client calls", () => testCalls(callWithConnect));

describe("a connect-node server is called by", () => testServer(serveReplayWithConnect));

const violation = { field: "prod_area", description: "is odd" };

test("a connect-node client reads the details of our errors", async () => {
  using transport = createTransport(addressOf("shop"));
  const call = createConnectClient(ProdService, transport).getProdStock({ prodArea: 9 as ProdAreas });
  const error = await call.catch((error: unknown) => ConnectError.from(error));
  if (!(error instanceof ConnectError)) throw new Error("expected a ConnectError for area 9 and product 0");
  expect(error.code).toBe(ConnectCode.InvalidArgument);
  expect(error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field))).toEqual([
    "prod_id",
    "prod_area",
  ]);
});

test("our client reads the message, the details and the metadata of an error of a connect-node server", async () => {
  await using server = await serveConnect((router) =>
    router.service(ProdService, {
      getProdStock() {
        throw new ConnectError("无此区域 100%", ConnectCode.InvalidArgument, { "x-reason": "odd" }, [
          { desc: BadRequestSchema, value: { fieldViolations: [violation] } },
        ]);
      },
    }),
  );
  using client = createClient(ProdService, server.address);
  const error = await client.getProdStock({}).catch((error: unknown) => error as RpcError);
  if (!(error instanceof RpcError)) throw new Error("expected an RpcError");
  expect([error.code, error.message, error.metadata.get("x-reason")]).toEqual([Code.INVALID_ARGUMENT, "无此区域 100%", "odd"]);
  expect(error.findDetails(BadRequestSchema)).toEqual([create(BadRequestSchema, { fieldViolations: [violation] })]);
});

test("our client and a connect-node server exchange metadata, text and bytes", async () => {
  await using server = await serveConnect((router) =>
    router.service(Greeter, {
      sayHello(_request, { requestHeader, responseHeader, responseTrailer }) {
        responseHeader.set("x-header-bin", requestHeader.get("x-request-bin") ?? "");
        responseTrailer.set("x-trailer", requestHeader.get("x-request") ?? "");
        return {};
      },
    }),
  );
  using client = createClient(Greeter, server.address);
  const seen: unknown[] = [];
  await client.sayHello(
    {},
    {
      metadata: { "x-request": "text", "x-request-bin": Uint8Array.of(0, 255) },
      onHeader: (header) => seen.push(header.getAllBytes("x-header-bin")),
      onTrailer: (trailer) => seen.push(trailer.get("x-trailer")),
    },
  );
  expect(seen).toEqual([[Buffer.of(0, 255)], "text"]);
});

test("our client's deadline and cancellation reach a connect-node server", async () => {
  const reasons: unknown[] = [];
  const bothEnded = Promise.withResolvers<void>();
  await using server = await serveConnect((router) =>
    router.service(Push, {
      async *getStream(_request, { signal }) {
        yield {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        reasons.push((signal.reason as ConnectError).code);
        if (reasons.length === 2) bothEnded.resolve();
      },
    }),
  );
  using client = createClient(Push, server.address);
  for await (const _ of client.getStream({})) break;
  const late = client.getStream({}, { timeoutMs: 1_000 });
  expect(await late.recv()).toBeDefined();
  await expect(late.recv()).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  await bothEnded.promise;
  // Our client resets the stream at its deadline. The reset may arrive before the server's own
  // timer fires.
  expect(reasons[0]).toBe(ConnectCode.Canceled);
  expect([ConnectCode.Canceled, ConnectCode.DeadlineExceeded]).toContain(reasons[1]);
});
