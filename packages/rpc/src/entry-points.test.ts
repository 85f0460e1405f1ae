// Each public function rejects wrong arguments with an error that names the argument and the value.
// TypeScript has not checked these values.
import { Server } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { TestService } from "../test/harness.ts";
import * as grpcJs from "./grpc-js.ts";
import { fromGrpcJs, grpcJsChannel, grpcJsCredentials, grpcJsService, grpcJsTransport, toGrpcJs } from "./grpc-js.ts";
import * as index from "./index.ts";
import {
  authenticate,
  Code,
  type Codec,
  ContextValues,
  codeFrom,
  compiled,
  createChannel,
  createClient,
  createContextKey,
  createServer,
  detached,
  detail,
  forClientMethod,
  forServerMethod,
  implement,
  Metadata,
  methodPath,
  protobufEs,
  RpcError,
  rateLimit,
  secretEquals,
  wasCompressed,
} from "./index.ts";
import * as validation from "./interceptors/validate/index.ts";
import { check, validate, validateRequests } from "./interceptors/validate/index.ts";
import * as current from "./propagation/current-call.ts";
import { currentCall } from "./propagation/current-call.ts";
import { BadRequestSchema } from "./protocol/error-details.ts";
import * as testing from "./testing/index.ts";
import { faults, mockClient, recordCalls, testContext, virtualTime } from "./testing/index.ts";
import * as transport from "./transport/index.ts";
import {
  afterReset,
  bindServer,
  createHttp2ServerTransport,
  halfClosesBeforeReset,
  listen,
  localMethod,
  metadataSize,
  requestFault,
  serverCertificates,
  steadyNow,
} from "./transport/index.ts";

/** A value that TypeScript has not checked. */
type Untyped = never;

const key = createContextKey("user");
const implementation = implement(TestService, {});
const error = () => new RpcError(Code.ABORTED, "", { details: [detail(BadRequestSchema, {})] });

function server() {
  const made = createServer();
  onTestFinished(() => void made.shutdown());
  return made;
}

function grpcChannel() {
  const channel = new grpc.Channel("localhost:1", grpc.credentials.createInsecure(), {});
  onTestFinished(() => channel.close());
  return channel;
}

/**
 * Values that most parameters reject. A parameter that accepts one of them is tested with the
 * others.
 */
const values = { undefined: undefined, null: null, five: 5, text: "x", empty: {}, array: [], NaN: Number.NaN } as const;
type Value = keyof typeof values;

const noOptions: readonly Value[] = ["null", "five", "text", "array"];
const noString: readonly Value[] = ["undefined", "null", "five", "empty", "array"];
const notAnObject: readonly Value[] = ["undefined", "null", "five", "text", "array"];
const nothing: readonly Value[] = ["undefined", "null", "five", "text", "empty", "array"];

/**
 * The message names the parameter and the value, or the kind of the value if it may be a secret.
 */
type Parameter = readonly [name: RegExp, rejected: readonly Value[], use: (value: Untyped) => unknown];

const parameters: Readonly<Record<string, Parameter>> = {
  "createServer(options)": [/createServer\(\)/, noOptions, (value) => createServer(value)],
  "createServer({ interceptors })": [/interceptors/, ["null", "five", "text", "empty"], (interceptors) => createServer({ interceptors })],
  "createServer({ transport })": [/transport/, ["null", "five", "text", "empty", "array"], (transport) => createServer({ transport })],
  "createServer({ compression })": [/compression/, ["null", "five", "text", "empty"], (compression) => createServer({ compression })],
  "createServer({ limits })": [/limits/, noOptions, (limits) => createServer({ limits })],
  "server.add()": [/add\(\)/, nothing, (value) => server().add(value)],
  "server.listen(address)": [/address/, nothing, (value) => server().listen(value)],
  "server.listen(_, tls)": [/listen\(\)|tls/, ["null", "five", "text", "empty", "array"], (tls) => server().listen("127.0.0.1:0", tls)],
  "server.channel(options)": [/channel\(\)/, noOptions, (value) => server().channel(value)],
  "server.shutdown(options)": [/shutdown\(\)/, noOptions, (value) => server().shutdown(value)],
  "server.shutdown({ graceMs })": [/graceMs/, ["null", "text", "empty", "NaN"], (graceMs) => server().shutdown({ graceMs })],
  "health.set(service)": [/service/, noString, (value) => server().health.set(value, "SERVING")],
  "health.set(_, status)": [/status/, nothing, (value) => server().health.set("x", value)],
  "health.get(service)": [/service/, noString, (value) => server().health.get(value)],
  "implement(service)": [/service/, nothing, (value) => implement(value, {} as Untyped)],
  "implement(_, handlers)": [/handlers/, notAnObject, (value) => implement(TestService, value)],
  "implement(_, _, options)": [/implement\(\)/, noOptions, (value) => implement(TestService, {}, value)],
  "a handler": [
    /the handler of test\.v1\.TestService\.unary/,
    ["null", "five", "text", "empty"],
    (unary) => implement(TestService, { unary }),
  ],
  "a handler of a class": [
    /the handler of test\.v1\.TestService\.unary/,
    ["null", "five", "text", "empty"],
    (unary) => implement(TestService, Object.assign(Object.create({ other: 1 }) as object, { unary }) as Untyped),
  ],
  "createChannel(target)": [/target/, noString, (value) => createChannel(value)],
  "createChannel(_, options)": [/createChannel\(\)/, noOptions, (value) => createChannel("x:1", value)],
  "createChannel(_, { tls })": [/tls/, ["null", "five", "text", "array"], (tls) => createChannel("x:1", { tls })],
  "tls.onReloadError": [
    /tls\.onReloadError/,
    ["null", "five", "text", "empty"],
    (value) => createChannel("x:1", { tls: { onReloadError: value } }),
  ],
  "tls.reloadMs": [/tls\.reloadMs/, ["null", "text", "empty", "NaN"], (reloadMs) => createChannel("x:1", { tls: { reloadMs } })],
  "tls.ca": [/tls\.ca/, ["null", "five", "empty", "array"], (ca) => createChannel("x:1", { tls: { ca } })],
  backoff: [/backoff/, noOptions, (backoff) => createChannel("x:1", { backoff })],
  "backoff.initialMs": [
    /backoff\.initialMs/,
    ["null", "text", "empty", "NaN"],
    (initialMs) => createChannel("x:1", { backoff: { initialMs } }),
  ],
  connectTimeoutMs: [/connectTimeoutMs/, ["null", "text", "empty", "NaN"], (value) => createChannel("x:1", { connectTimeoutMs: value })],
  idleTimeoutMs: [/idleTimeoutMs/, ["null", "text", "empty", "NaN"], (value) => createChannel("x:1", { idleTimeoutMs: value })],
  methods: [/methods/, ["null", "five", "text", "empty"], (methods) => createChannel("x:1", { methods })],
  retryBuffer: [/retryBuffer/, noOptions, (retryBuffer) => createChannel("x:1", { retryBuffer })],
  "createClient(service)": [/service/, nothing, (value) => createClient(value, "x:1")],
  "createClient(_, target)": [/target/, noString, (value) => createClient(TestService, value)],
  "createClient(_, _, options)": [/createClient\(\)/, noOptions, (value) => createClient(TestService, "x:1", value)],
  "defaults.timeoutMs": [
    /timeoutMs/,
    ["null", "text", "empty", "NaN"],
    (timeoutMs) => createClient(TestService, "x:1", { defaults: { timeoutMs } }),
  ],
  "defaults.deadline": [
    /deadline/,
    ["null", "text", "empty", "NaN"],
    (deadline) => createClient(TestService, "x:1", { defaults: { deadline } }),
  ],
  "defaults.metadata": [/metadata/, noOptions, (metadata) => createClient(TestService, "x:1", { defaults: { metadata } })],
  "defaults.compression": [
    /compression/,
    ["null", "five", "text"],
    (compression) => createClient(TestService, "x:1", { defaults: { compression } }),
  ],
  defaults: [/options of a call/, noOptions, (defaults) => createClient(TestService, "x:1", { defaults })],
  "createClient(_, _, { inherit })": [
    /inherit/,
    ["null", "five", "text", "array"],
    (inherit) => createClient(TestService, "x:1", { inherit }),
  ],
  "createServer({ maxTimeoutMs })": [/maxTimeoutMs/, ["null", "text", "empty", "NaN"], (maxTimeoutMs) => createServer({ maxTimeoutMs })],
  "implement(_, _, { maxTimeoutMs })": [
    /maxTimeoutMs/,
    ["null", "text", "empty", "NaN"],
    (maxTimeoutMs) => implement(TestService, {}, { maxTimeoutMs }),
  ],
  "currentCall()": [/nothing/, [], () => currentCall()],
  "steadyNow()": [/nothing/, [], () => steadyNow()],
  "detached(run)": [/detached\(\)/, nothing, (value) => detached(value)],
  "RpcError(code)": [/code/, ["undefined", "null", "text", "empty", "NaN"], (value) => new RpcError(value)],
  "RpcError(_, message)": [/message/, ["null", "five", "empty", "array"], (value) => new RpcError(Code.ABORTED, value)],
  "RpcError(_, _, options)": [/RpcError/, noOptions, (value) => new RpcError(Code.ABORTED, "", value)],
  "RpcError({ details })": [/details/, ["null", "five", "text", "empty"], (details) => new RpcError(Code.ABORTED, "", { details })],
  "RpcError({ details: [] })": [/details\[0\]/, nothing, (value) => new RpcError(Code.ABORTED, "", { details: [value] })],
  "RpcError({ metadata })": [/metadata/, noOptions, (metadata) => new RpcError(Code.ABORTED, "", { metadata })],
  "RpcError({ retryAfterMs })": [/retryAfterMs/, ["null", "text", "empty", "NaN"], (retryAfterMs) => new RpcError(3, "", { retryAfterMs })],
  "error.findDetails(schema)": [/schema/, nothing, (value) => error().findDetails(value)],
  "detail(schema)": [/schema/, nothing, (value) => detail(value, {} as Untyped)],
  "detail(_, message)": [/message/, notAnObject, (value) => detail(BadRequestSchema, value)],
  "Metadata(init)": [/metadata/, noOptions, (value) => new Metadata(value)],
  "metadata.get()": [/key/, noString, (value) => new Metadata().get(value)],
  "metadata.getAll()": [/key/, noString, (value) => new Metadata().getAll(value)],
  "metadata.getBytes()": [/key/, noString, (value) => new Metadata().getBytes(value)],
  "metadata.getAllBytes()": [/key/, noString, (value) => new Metadata().getAllBytes(value)],
  "metadata.has()": [/key/, noString, (value) => new Metadata().has(value)],
  "metadata.delete()": [/key/, noString, (value) => new Metadata().delete(value)],
  "metadata.set(key)": [/key/, noString, (value) => new Metadata().set(value, "x" as Untyped)],
  "metadata.set(_, value)": [/key "x"/, ["undefined", "null", "five", "empty"], (value) => new Metadata().set("x", value)],
  "metadata.add(_, value)": [/key "x"/, noString, (value) => new Metadata().add("x", value)],
  "metadata.merge()": [/merge\(\)/, nothing, (value) => new Metadata().merge(value)],
  "forServerMethod(method)": [/forServerMethod\(\)/, nothing, (value) => forServerMethod(value, (() => ({ message: {} })) as Untyped)],
  "forServerMethod(_, interceptor)": [/forServerMethod\(\)/, nothing, (value) => forServerMethod(TestService.method.unary, value)],
  "forClientMethod(method)": [/forClientMethod\(\)/, nothing, (value) => forClientMethod(value, (() => ({ message: {} })) as Untyped)],
  "forClientMethod(_, interceptor)": [/forClientMethod\(\)/, nothing, (value) => forClientMethod(TestService.method.unary, value)],
  "createContextKey()": [/name/, noString, (value) => createContextKey(value)],
  "values.set(key)": [/key/, nothing, (value) => new ContextValues().set(value, 1 as Untyped)],
  "values.get(key)": [/key/, nothing, (value) => new ContextValues().get(value)],
  "values.require(key)": [/key/, nothing, (value) => new ContextValues().require(value)],
  "authenticate(options)": [/authenticate\(\)/, notAnObject, (value) => authenticate(value)],
  "authenticate({ verify })": [/verify/, nothing, (verify) => authenticate({ verify, key })],
  "authenticate({ key })": [/key/, nothing, (value) => authenticate({ verify: () => 1, key: value })],
  "authenticate({ except })": [/except/, ["null", "five", "text", "empty"], (except) => authenticate({ verify: () => 1, key, except })],
  "authenticate({ except: [] })": [/except\[0\]/, noString, (value) => authenticate({ verify: () => 1, key, except: [value] })],
  "secretEquals(a)": [/^a of secretEquals/, noString, (value) => secretEquals(value, "x")],
  "secretEquals(_, b)": [/^b of secretEquals/, noString, (value) => secretEquals("x", value)],
  "rateLimit(options)": [/rateLimit\(\)/, notAnObject, (value) => rateLimit(value)],
  "rateLimit({ per })": [/per/, ["undefined", "null", "five", "empty"], (per) => rateLimit({ per, rate: 1 })],
  "rateLimit({ per: [] })": [/per\[0\]/, ["undefined", "null", "five", "empty", "array"], (value) => rateLimit({ per: [value], rate: 1 })],
  "rateLimit({ rate })": [/rate/, ["undefined", "null", "text", "empty", "array", "NaN"], (rate) => rateLimit({ per: "peer", rate })],
  "rateLimit({ burst })": [/burst/, ["text", "empty", "array", "NaN"], (burst) => rateLimit({ per: "peer", rate: 1, burst })],
  "rateLimit({ maxKeys })": [/maxKeys/, ["text", "empty", "array", "NaN"], (maxKeys) => rateLimit({ per: "peer", rate: 1, maxKeys })],
  "rateLimit({ except })": [/except/, ["null", "five", "text", "empty"], (except) => rateLimit({ per: "peer", rate: 1, except })],
  "rateLimit({ except: [] })": [/except\[0\]/, noString, (value) => rateLimit({ per: "peer", rate: 1, except: [value] })],
  "rateLimit({ health })": [/health/, ["null", "five", "text", "empty"], (health) => rateLimit({ per: "peer", rate: 1, health })],
  "wasCompressed()": [/message/, notAnObject, (value) => wasCompressed(value)],
  "codeFrom()": [/number/, ["undefined", "null", "text", "empty"], (value) => codeFrom(value)],
  "methodPath()": [/method/, nothing, (value) => methodPath(value)],
  "compiled()": [/schema/, nothing, (value) => compiled(value) as Codec],
  "protobufEs()": [/schema/, nothing, (value) => protobufEs(value) as Codec],
  "faults(options)": [/faults\(\)/, notAnObject, (value) => faults(value)],
  "faults({ rate })": [/rate/, ["null", "text", "empty", "NaN"], (rate) => faults({ rate })],
  "faults({ latencyMs })": [/latencyMs/, ["null", "text", "empty", "array", "NaN"], (latencyMs) => faults({ latencyMs })],
  "faults({ status })": [/status/, ["null", "text", "empty", "NaN"], (status) => faults({ status })],
  "faults({ reset })": [/reset/, ["null", "five", "text", "empty"], (reset) => faults({ reset })],
  "faults({ after })": [/after/, ["null", "text", "empty", "NaN"], (after) => faults({ status: Code.ABORTED, after })],
  "faults({ seed })": [/seed/, ["null", "text", "empty", "NaN"], (seed) => faults({ seed })],
  "mockClient(service)": [/service/, nothing, (value) => mockClient(value, {})],
  "mockClient(_, handlers)": [/handlers/, notAnObject, (value) => mockClient(TestService, value)],
  "mockClient(_, _, options)": [/mockClient\(\)/, noOptions, (value) => mockClient(TestService, {}, value)],
  "mockClient(_, _, { server })": [/server/, noOptions, (value) => mockClient(TestService, {}, { server: value })],
  "recordCalls().of()": [/of\(\)/, nothing, (value) => recordCalls().of(value)],
  "testContext(options)": [/testContext\(\)/, noOptions, (value) => testContext(value)],
  "testContext({ method })": [/method/, ["null", "five", "text", "empty", "array"], (method) => testContext({ method })],
  "testContext({ metadata })": [/metadata/, noOptions, (metadata) => testContext({ metadata })],
  "testContext({ peer })": [/peer/, ["null", "five", "empty", "array"], (peer) => testContext({ peer })],
  "testContext({ clientCertificate })": [
    /clientCertificate/,
    ["null", "five", "text", "array"],
    (clientCertificate) => testContext({ clientCertificate }),
  ],
  "testContext({ values })": [/values/, ["null", "five", "text", "empty", "array"], (values) => testContext({ values })],
  "testContext({ timeoutMs })": [/timeoutMs/, ["null", "text", "empty", "NaN"], (timeoutMs) => testContext({ timeoutMs })],
  "testContext({ compression })": [/compression/, ["null", "five", "text", "empty"], (compression) => testContext({ compression })],
  "context.run()": [/run\(\)/, nothing, (value) => testContext().run(value)],
  "context.abort()": [/abort\(\)/, nothing, (value) => testContext().abort(value)],
  "virtualTime(options)": [/virtualTime\(\)/, noOptions, (value) => virtualTime(value)],
  "virtualTime({ start })": [/start/, ["null", "text", "empty", "NaN"], (start) => virtualTime({ start })],
  "validate(options)": [/validate\(\)/, noOptions, (value) => validate(value)],
  "validate({ registry })": [/registry/, ["null", "five", "text", "empty", "array"], (registry) => validate({ registry })],
  "validateRequests(options)": [/validateRequests\(\)/, noOptions, (value) => validateRequests(value)],
  "check(schema)": [/schema/, nothing, (value) => check(value, {} as Untyped)],
  "check(_, message)": [/message/, notAnObject, (value) => check(BadRequestSchema, value)],
  "grpcJsService(implementation)": [/grpcJsService\(\)/, nothing, (value) => grpcJsService(value)],
  "grpcJsService(_, options)": [/grpcJsService\(\)/, noOptions, (value) => grpcJsService(implementation, value)],
  "grpcJsService(_, { onError })": [/onError/, ["null", "five", "text", "empty"], (onError) => grpcJsService(implementation, { onError })],
  "grpcJsChannel(channel)": [/grpcJsChannel\(\)/, nothing, (value) => grpcJsChannel(value)],
  "grpcJsChannel(_, options)": [/grpcJsChannel\(\)/, noOptions, (value) => grpcJsChannel(grpcChannel(), value)],
  "grpcJsChannel(_, { connectTimeoutMs })": [
    /connectTimeoutMs/,
    ["null", "text", "empty", "NaN"],
    (connectTimeoutMs) => grpcJsChannel(grpcChannel(), { connectTimeoutMs }),
  ],
  "grpcJsChannel(_, { callCredentials })": [
    /callCredentials/,
    ["null", "five", "text", "empty", "array"],
    (callCredentials) => grpcJsChannel(grpcChannel(), { callCredentials, secure: true }),
  ],
  "grpcJsTransport(options)": [/grpcJsTransport\(\)/, noOptions, (value) => grpcJsTransport(value)],
  "grpcJsCredentials(tls)": [/grpcJsCredentials\(\)/, noOptions, (value) => grpcJsCredentials(value)],
  "createHttp2ServerTransport(limits)": [/limits/, noOptions, (limits) => createHttp2ServerTransport(limits)],
  "createHttp2ServerTransport(_, options)": [
    /createHttp2ServerTransport\(\)/,
    noOptions,
    (options) => createHttp2ServerTransport({}, options),
  ],
  "createHttp2ServerTransport(_, { find })": [
    /find/,
    ["null", "five", "text", "empty"],
    (find) => createHttp2ServerTransport({}, { find }),
  ],
  "createHttp2ServerTransport(_, { other })": [
    /other/,
    ["null", "five", "text", "empty"],
    (other) => createHttp2ServerTransport({}, { other }),
  ],
  "requestFault()": [/metadata/, nothing, (value) => requestFault(value)],
  "metadataSize()": [/metadata/, nothing, (value) => metadataSize(value)],
  "halfClosesBeforeReset()": [/halfClosesBeforeReset\(\)/, noString, (value) => halfClosesBeforeReset(value)],
  "afterReset()": [/afterReset\(\)/, nothing, (value) => afterReset(value)],
  "localMethod(channel)": [/localMethod\(\)/, notAnObject, (value) => localMethod(value, "/a.B/C")],
  "localMethod(_, path)": [/localMethod\(\)/, noString, (value) => localMethod(createServer().channel(), value)],
  "transport.attach()": [/attach\(\)/, nothing, (value) => createHttp2ServerTransport().attach(value)],
  "listen(transport)": [/transport/, notAnObject, (value) => listen(value, "127.0.0.1:0")],
  "listen(_, address)": [/address/, nothing, (value) => listen(createHttp2ServerTransport(), value)],
  "bindServer(server)": [/bindServer\(\)/, nothing, (value) => bindServer(value, { host: "127.0.0.1", port: 0 })],
  "bindServer(_, address)": [/bindServer\(\)/, notAnObject, (value) => bindServer(new Server(), value)],
  "serverCertificates(tls)": [/serverCertificates\(\)|tls/, nothing, (value) => serverCertificates(value)],
  "toGrpcJs()": [/toGrpcJs\(\)/, nothing, (value) => toGrpcJs(value)],
  "fromGrpcJs()": [/fromGrpcJs\(\)/, nothing, (value) => fromGrpcJs(value)],
};

/**
 * Classes that only this package instantiates. `Metadata` and `ContextValues` have a row for each
 * method.
 */
const made = ["ListenError", "TlsFileError", "RuleError", "ContextValues", "HeaderList"];

test.each(Object.entries({ grpcJs, index, testing, transport, validation, current }))(
  "each public function of %s has a row",
  (_, exported) => {
    const rows = Object.keys(parameters);
    const functions = Object.entries(exported).filter(([name, value]) => typeof value === "function" && !made.includes(name));
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.map(([name]) => name).filter((name) => !rows.some((row) => row.startsWith(`${name}(`)))).toEqual([]);
  },
);

const shown: Readonly<Record<Value, RegExp>> = {
  undefined: /undefined/,
  null: /null|type object/,
  five: /5|number/,
  text: /"x"|'x'|string/,
  empty: /\{\}|object/,
  array: /\[\]|Array|object/,
  NaN: /NaN/,
};

test.each(
  Object.entries(parameters).flatMap(([name, [pattern, rejected, use]]) => rejected.map((value) => ({ name, value, pattern, use }))),
)("$name rejects $value", async ({ value, pattern, use }) => {
  const fault: unknown = await (async () => use(values[value] as Untyped))().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(fault).toBeInstanceOf(value === "NaN" ? RangeError : TypeError);
  const { message } = fault as Error;
  expect(message).toMatch(pattern);
  // `tls: {}` lacks its required options.
  if (!message.includes("is missing")) expect(message).toMatch(shown[value]);
  expect(message).not.toMatch(/Cannot|is not a function|is not iterable/);
});

test.each<[string, (options: Untyped) => unknown]>([
  ["grpcJsService()", (options) => grpcJsService(implementation, options)],
  ["grpcJsChannel()", (options) => grpcJsChannel(grpcChannel(), options)],
  ["grpcJsTransport()", (options) => grpcJsTransport(options)],
  ["grpcJsCredentials()", (options) => grpcJsCredentials(options)],
])("%s rejects an unknown option", (where, use) => {
  expect(() => use({ nope: 1 } as Untyped)).toThrow(`${where} has no option "nope"; `);
});

test("grpcJsTransport() accepts the options of grpc-js only", () => {
  expect(() =>
    createServer({ transport: grpcJsTransport({ "grpc.max_concurrent_streams": 5, "grpc-node.max_session_memory": 5 }) }),
  ).not.toThrow();
});

test("add() adds no service if one of its arguments is not an implementation", () => {
  const made = server();
  expect(() => made.add(implementation, 5 as Untyped)).toThrow("add() takes what implement() returns, got 5");
  expect(() => made.add(implementation)).not.toThrow();
});

test.each(["xds:///shop", "xds:shop", "xds://authority/shop"])("%s: the error recommends grpcJsChannel()", (target) => {
  expect(() => createChannel(target)).toThrow(/is not a target: .*grpcJsChannel/);
});

test("a host may be named xds", () => {
  using channel = createChannel("xds:50051");
  expect(channel.authority).toBe("xds:50051");
});
