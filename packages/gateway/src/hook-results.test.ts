// Mistakes of hooks: a response is sent all the same, and the log names the hook and the value.
import { Code, implement, RpcError } from "@grpc-study/rpc";
import { expect, test } from "vitest";
import { startGateway } from "../test/gateway.ts";
import { Things } from "../test/gen/things_pb.js";
import type { GatewayHooks } from "./hooks.ts";

const own = [404, '{"code":5,"message":"no such thing","details":[]}'];
const internal = [500, '{"code":13,"message":"internal error","details":[]}'];
const circle: Record<string, unknown> = {};
circle["self"] = circle;
const late = () => Promise.reject(new Error("late"));

/** The status, the body and the log of a call, over a socket and by fetch, which must agree. */
async function call(hooks: object, path: string, init: RequestInit = {}): Promise<readonly [status: number, body: string, log: string]> {
  const log: string[] = [];
  const write = (fields: { readonly err?: unknown }) => log.push(String(fields.err ?? ""));
  const implementation = implement(Things, {
    get: (thing) => {
      if (thing.stringValue === "fail") throw new RpcError(Code.NOT_FOUND, "no such thing");
      return thing;
    },
    async *list() {
      yield { int32Value: 1 };
      throw new RpcError(Code.NOT_FOUND, "no such thing");
    },
  });
  const { gateway, url } = await startGateway(implementation, {
    graceMs: 0,
    hooks: hooks as GatewayHooks,
    logger: { info() {}, warn: write, error: write },
  });
  const results = [];
  for (const response of [await fetch(url + path, init), await gateway.fetch(path, init)])
    results.push([response.status, await response.text()]);
  expect(results[0]).toEqual(results[1]);
  const [status, body] = results[0] as [number, string];
  return [status, body, log.join()];
}

const responses: readonly (readonly [result: unknown, log: string])[] = [
  [5, "must return an object or undefined, got 5"],
  [{ status: "abc" }, "must return a status from 200 to 599, got 'abc'"],
  [{ status: 100 }, "must return a status from 200 to 599, got 100"],
  [{ status: 1000 }, "must return a status from 200 to 599, got 1000"],
  [{ headers: { "bad name": "x" } }, "bad name"],
  [{ headers: { x: "a\nb" } }, "Invalid character in header content"],
  [{ headers: { x: 5 } }, "must return texts as headers, got x: 5"],
  [{ headers: { "content-length": "99" } }, "must not return the header content-length"],
  [{ headers: { "Transfer-Encoding": "chunked" } }, "must not return the header transfer-encoding"],
  [{ body: 5 }, "must return a text, bytes or an object as the body, got 5"],
  [{ body: circle }, "circular"],
];

test.each(responses)("error and notFound cannot return %o", async (result, log) => {
  const failed = await call({ error: () => result }, "/v1/query?stringValue=fail");
  expect(failed).toEqual([...own, expect.stringContaining(log)]);
  const unmatched = await call({ notFound: () => result }, "/none");
  expect(unmatched).toEqual([...internal, expect.stringContaining(log)]);
});

test("a promise of a hook that must not return one is an error, and its rejection does not end the process", async () => {
  const none = "must not return a promise";
  expect(await call({ error: late }, "/v1/query?stringValue=fail")).toEqual([...own, expect.stringContaining(`hooks.error ${none}`)]);
  expect(await call({ response: late }, "/v1/query")).toEqual([...internal, expect.stringContaining(`hooks.response ${none}`)]);
  const [, body, log] = await call({ streamError: late }, "/v1/list");
  expect([body, log]).toEqual([expect.stringContaining("no such thing"), expect.stringContaining(`hooks.streamError ${none}`)]);
  const codec = { parse: late, print: late };
  const accept = { headers: { accept: "application/x-thing" } };
  expect(await call({ codecs: { "application/x-thing": codec } }, "/v1/query", accept)).toEqual([
    ...internal,
    expect.stringContaining(`print ${none}`),
  ]);
});

test("streamError and codecs cannot return what cannot be sent", async () => {
  for (const result of [5, "x", () => {}, circle]) {
    expect((await call({ streamError: () => result }, "/v1/list"))[1]).toContain(
      '{"error":{"code":5,"message":"no such thing","details":[]}}',
    );
  }
  const codecs = { "application/x-thing": { parse: () => ({}), print: () => 5 } };
  const [status, , log] = await call({ codecs }, "/v1/query", { headers: { accept: "application/x-thing" } });
  expect([status, log]).toEqual([
    500,
    expect.stringContaining('hooks.codecs["application/x-thing"].print must return bytes or a text, got 5'),
  ]);
});

test("incomingHeader does not see what only the gateway sets, and must return a key", async () => {
  const names: string[] = [];
  const headers = { "x-forwarded-for": "1.2.3.4", "x-real-ip": "1.2.3.4", "grpc-metadata-a": "1", "x-a": "1" };
  await call({ incomingHeader: (name: string) => void names.push(name) }, "/v1/query", { headers });
  expect(names).toEqual(expect.arrayContaining(["grpc-metadata-a", "x-a"]));
  for (const name of ["x-forwarded-for", "x-real-ip", "host", "connection"]) expect(names).not.toContain(name);
  expect(await call({ incomingHeader: () => 5 }, "/v1/query", { headers })).toEqual([
    ...internal,
    expect.stringContaining("hooks.incomingHeader must return"),
  ]);
});
