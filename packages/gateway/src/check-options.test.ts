// Mistakes in the options are errors that name the option, its value, and what is accepted.
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { Things } from "../test/gen/things_pb.js";
import { fastifyGateway } from "./adapters/fastify.ts";
import { createGateway } from "./gateway.ts";
import type { GatewayServerOptions } from "./options.ts";

const valid: GatewayServerOptions = { services: [Things], upstream: "127.0.0.1:1" };
const noFunction = "must be an object with the functions info, warn and error, got";

const mistakes: readonly (readonly [options: object, message: string])[] = [
  [{ logger: false }, `logger ${noFunction} false`],
  [{ logger: { info() {} } }, `logger ${noFunction} [Object]`],
  [{ timeOutMs: 5 }, 'has no option "timeOutMs": did you mean "timeoutMs"?'],
  [{ frobnicate: 5 }, 'has no option "frobnicate": the options are services, upstream,'],
  [{ protocols: ["gprc"] }, `protocols[0] must be "rest", "connect", "grpc-web" or "grpc", got 'gprc'`],
  [{ protocols: "rest" }, "protocols must be an array, got 'rest'"],
  [{ protocols: [] }, "protocols must be an array of at least one protocol, got []"],
  [{ cors: true }, "cors must be an object, got true"],
  [{ cors: {} }, "cors.origin is missing"],
  [{ cors: { origin: "https://shop.example" } }, `cors.origin must be "*" or an array of origins, got 'https://shop.example'`],
  [{ cors: { origin: "*", allowedHeaders: "x-a" } }, "cors.allowedHeaders must be an array, got 'x-a'"],
  [{ cors: { origin: "*", exposedHeaders: ["a b"] } }, "cors.exposedHeaders[0] must be the name of a header, got 'a b'"],
  [{ cors: { origin: "*", credentials: true } }, 'cors has no option "credentials"'],
  [{ maxCalls: 0 }, "maxCalls must be an integer of at least 1, or Infinity, got 0"],
  [{ bodyLimit: "4MB" }, "bodyLimit must be an integer of at least 1, or Infinity, got '4MB'"],
  // Node's timers would fire at once.
  [{ bodyTimeoutMs: Number.POSITIVE_INFINITY }, "bodyTimeoutMs must be more than 0 and at most 2147483647 milliseconds, got Infinity"],
  [{ graceMs: -1 }, "graceMs must be from 0 to 2147483647 milliseconds, got -1"],
  [{ hooks: null }, "hooks must be an object, got null"],
  [{ forwardHeaders: "x-a" }, "forwardHeaders must be an array, got 'x-a'"],
  [{ allowedOrigins: ["shop.example"] }, "allowedOrigins[0] must be"],
  [{ paths: { doc: "/d" } }, 'paths has no option "doc": did you mean "docs"?'],
  [{ openApi: true }, "openApi must be an object, got true"],
  [{ json: { fieldNames: "snake" } }, `json.fieldNames must be "json" or "proto", got 'snake'`],
  [{ conflicts: "first" }, `conflicts must be "reject" or "keep-first", got 'first'`],
  [{ services: undefined }, "services is missing"],
  [{ services: [{}] }, "services[0] must be the descriptor of a service, got {}"],
  [{ upstream: {} }, 'upstream must be "host:port" or a channel, got {}'],
  [{ otherUpstreams: [{ services: [] }] }, "otherUpstreams[0].upstream is missing"],
  [{ rules: [{ selector: "a.B.C", get: "/x" }] }, 'rules[0] has no option "get": the options are selector, pattern,'],
  [{ rules: [{ selector: "a.B.C", pattern: "get:/x" }] }, "rules[0].pattern must be an object such as"],
];

test.each(mistakes)("createGateway and the Fastify plugin reject %j", async (mistake, message) => {
  expect(() => createGateway({ ...valid, ...mistake })).toThrow(message);
  const app = Fastify();
  onTestFinished(() => app.close());
  await expect(async () => app.register(fastifyGateway, { ...valid, ...mistake })).rejects.toThrow(message);
});

test.each([
  [{ allowedHosts: ["https://shop.example"] }, "allowedHosts[0] must be"],
  [{ trustProxy: 5 }, "trustProxy must be an address or a subnet, an array of them, or true, got 5"],
  [{ tls: true }, "tls must be an object, got true"],
  [{ limits: 5 }, "limits must be an object, got 5"],
  ...["javascript:alert(1)", "java\nscript:alert(1)", " data:text/html,x", "file:///etc/passwd", "http://", "", 5].map(
    (url) =>
      [{ console: { links: [{ title: "a", url }] } }, "console.links[0].url must be an http or https URL, or a relative one"] as [
        object,
        string,
      ],
  ),
  [{ console: { links: [{ title: "a" }] } }, "console.links[0].url is missing"],
  [{ console: { links: { a: "/" } } }, "console.links must be an array, got"],
])("createGateway rejects %j", (mistake: object, message) => {
  expect(() => createGateway({ ...valid, ...mistake })).toThrow(message);
});

test("the options must be an object", () => {
  for (const options of [undefined, null, 5, []])
    expect(() => createGateway(options as never)).toThrow("createGateway() must be an object");
});

test("an option that is undefined has its default", async () => {
  const undefinedOptions = { logger: undefined, cors: undefined, maxCalls: undefined, hooks: undefined, tls: undefined, limits: undefined };
  await createGateway({ ...valid, ...undefinedOptions, graceMs: 0 }).close();
});

test("update rejects mistakes, and the gateway serves what it did", async () => {
  const gateway = createGateway({ ...valid, graceMs: 0 });
  onTestFinished(() => gateway.close());
  expect(() => gateway.update({ ...valid, unbound: "yes" } as never)).toThrow("unbound must be true or false, got 'yes'");
  expect(() => gateway.update({ ...valid, maxCalls: 5 } as never)).toThrow('update() has no option "maxCalls"');
  expect((await gateway.fetch("/openapi.json")).status).toBe(200);
});
