// The suites of connectrpc/conformance with invalid or unusual responses: how our client handles
// them.
import { once } from "node:events";
import { createServer, type Http2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { Code } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { callOurs } from "./caller.ts";
import type { ResponseCase } from "./data/case.ts";
import { httpCodes } from "./data/http-codes.ts";
import { emptyResponses, trailers, unexpectedResponses } from "./data/responses.ts";
import { toFrame, toHttp2Headers } from "./frames.ts";
import { isKnown } from "./known-failures.ts";

const suites: Readonly<Record<string, readonly ResponseCase[]>> = {
  "HTTP to RPC code mapping": httpCodes,
  "gRPC unexpected responses": unexpectedResponses,
  "gRPC trailers": trailers,
  "gRPC empty responses": emptyResponses,
};

describe.each(Object.entries(suites))("%s", (suite, cases) => {
  for (const testCase of cases) {
    const known = isKnown(suite, testCase.name);
    test(known ? `${testCase.name}: a known failure` : testCase.name, { fails: known }, () => check(testCase));
  }
});

async function check(testCase: ResponseCase): Promise<void> {
  const { name, kind, expect: outcome } = testCase;
  await using server = await serveRaw(testCase);
  const result = await callOurs(server.address, { name, kind, answer: {} });
  expect(outcome.codes.map((code) => Code[code])).toContain(Code[result.code]);
  if (outcome.message !== undefined) expect(result.message).toBe(outcome.message);
  if (outcome.responses !== undefined) expect(result.responses).toHaveLength(outcome.responses);
  expect(result.header).toMatchObject(outcome.header ?? {});
  expect(result.trailer).toMatchObject(outcome.trailer ?? {});
}

/** Starts a server that answers every call with the response of the test case. */
async function serveRaw({ status = 200, header = {}, frames = [], trailer }: ResponseCase): Promise<{ address: string } & AsyncDisposable> {
  const server = createServer();
  const sessions = new Set<Http2Session>();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
    stream.on("end", () => {
      const headers = { ":status": status, ...toHttp2Headers(header) };
      if (frames.length === 0 && trailer === undefined) return stream.respond(headers, { endStream: true });
      stream.respond(headers, { waitForTrailers: trailer !== undefined });
      stream.on("wantTrailers", () => stream.sendTrailers(toHttp2Headers(trailer ?? {})));
      stream.end(Buffer.concat(frames.map(toFrame)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}
