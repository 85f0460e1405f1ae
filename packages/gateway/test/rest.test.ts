// The REST cases of vanguard-go, each with a body that is plain and one that is gzip.
import { gzipSync } from "node:zlib";
import { type DescMethod, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { codeFrom, type Implementation, implement, RpcError } from "@grpc-study/rpc";
import { describe, expect, test } from "vitest";
import { type RestCase, restCases } from "./cases/vanguard-rest.ts";
import { startGateway, transports } from "./gateway.ts";
import { ContentService } from "./gen/vanguard/test/v1/content_pb.js";
import { LibraryService } from "./gen/vanguard/test/v1/library_pb.js";

describe.each(transports)("upstream %s", (transport) => {
  describe.each(["identity", "gzip"])("%s", (encoding) => {
    test.each(restCases)("$name", async (restCase) => {
      const requests: unknown[] = [];
      const { url } = await startGateway(implementation(restCase, requests), { transport, openApi: false });
      const { verb, path, body, headers, call, expected } = restCase;
      const sent = body === undefined ? {} : { body: encoding === "gzip" ? gzipSync(body) : body };
      const response = await fetch(url + path, {
        method: verb,
        headers: { ...headers, ...(body !== undefined && encoding === "gzip" && { "content-encoding": "gzip" }) },
        ...sent,
      });
      const text = await response.text();
      expect({ status: response.status, requests }).toEqual({ status: expected.status, requests: call?.requests ?? [] });
      if (expected.contentType !== undefined) expect(response.headers.get("content-type")).toMatch(expected.contentType);
      if (typeof expected.body === "string") expect(text).toBe(expected.body);
      else if (expected.body !== undefined) expect(JSON.parse(text)).toEqual(expected.body);
    });
  });
});

/** A service that has all methods, and answers as the case says. */
function implementation({ service, call }: RestCase, requests: unknown[]): Implementation {
  const desc = service === "LibraryService" ? LibraryService : ContentService;
  const handlers = desc.methods.map((method: DescMethod) => [method.localName, handler(method)]);
  return implement(desc, Object.fromEntries(handlers));

  function handler(method: DescMethod): unknown {
    const record = (request: Message) => requests.push(toJson(method.input, request));
    const responses = (call?.method === method.name ? (call.responses ?? []) : []).map((response) =>
      fromJson(method.output, response as JsonValue),
    );
    const fail = () => {
      if (call?.error !== undefined) throw new RpcError(codeFrom(call.error[0]), call.error[1]);
    };
    switch (method.methodKind) {
      case "unary":
        return (request: Message) => {
          record(request);
          fail();
          return responses[0];
        };
      case "server_streaming":
        return async function* (request: Message) {
          record(request);
          fail();
          yield* responses;
        };
      case "client_streaming":
        return async (all: AsyncIterable<Message>) => {
          for await (const request of all) record(request);
          return responses[0];
        };
      default:
        return async function* () {};
    }
  }
}
