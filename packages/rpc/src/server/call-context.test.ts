// The contexts for handlers and interceptors have only the documented members.
import { expect, test } from "vitest";
import { everyKind, everyWay, kinds, startBy } from "../../test/harness.ts";
import type { Context, ServerCall } from "../index.ts";

const documented = [
  "method",
  "metadata",
  "peer",
  "clientCertificate",
  "values",
  "deadline",
  "signal",
  "compression",
  "compress",
  "header",
  "trailer",
  "sendHeader",
  "toJSON",
];

/** Returns the names of all members of an object, own and inherited, except those of Object. */
function membersOf(object: object): string[] {
  const names = new Set<string | symbol>();
  for (let one = object; one !== Object.prototype && one !== null; one = Object.getPrototypeOf(one)) {
    for (const name of Reflect.ownKeys(one)) names.add(name);
  }
  names.delete("constructor");
  return [...names].map(String).sort();
}

async function contextsOf({ transport, kind }: (typeof everyWay)[number]) {
  const contexts: Context[] = [];
  const calls: ServerCall[] = [];
  const reported: Context[] = [];
  const handlers = everyKind((context) => {
    contexts.push(context);
    if (context.metadata.has("fail")) throw new Error("a fault");
    return "";
  });
  const { client } = await startBy(transport, handlers, {
    interceptors: [
      async (call, next) => {
        calls.push(call);
        return next();
      },
    ],
    onError: (_error, context) => reported.push(context),
  });
  const call = kinds[kind];
  await Promise.allSettled([
    call(client, "", { metadata: { token: "secret-of-one" }, timeoutMs: 60_000 }),
    call(client, "", { metadata: { token: "secret-of-two", fail: "1" } }),
  ]);
  return { contexts, calls, reported };
}

test.each(everyWay)("$transport, $kind: handlers, interceptors and onError have the documented members", async (one) => {
  const { contexts, calls, reported } = await contextsOf(one);
  expect([contexts.length, calls.length, reported.length]).toEqual([2, 2, 1]);
  for (const call of calls)
    expect(membersOf(call)).toEqual(
      [...documented, "authority", "kind", "stream", "request", "requests", "onEnd", "onMessageSize", "abort"].sort(),
    );
  // The same object in each place.
  expect(contexts).toEqual(calls);
  for (const [index, call] of calls.entries()) expect(contexts[index]).toBe(call);
  expect(reported[0]).toBe(contexts.find((context) => context.metadata.has("fail")));
});

test.each(everyWay)("$transport, $kind: without interceptors, the context has the documented members", async ({ transport, kind }) => {
  const contexts: Context[] = [];
  const { client } = await startBy(
    transport,
    everyKind((context) => {
      contexts.push(context);
      return "";
    }),
  );
  await kinds[kind](client, "");
  const [context = {}] = contexts;
  expect(membersOf(context)).toEqual([...documented].sort());
  expect(() => Object.assign(context, { user: "me" })).toThrow(TypeError);
});

test.each(everyWay)("$transport, $kind: the context takes no further members, and its JSON suits logs", async (one) => {
  const { contexts, calls } = await contextsOf(one);
  const [context] = contexts;
  for (const changes of [{ user: "me" }, { peer: "me" }, { [Symbol("user")]: "me" }]) {
    expect(() => Object.assign(context ?? {}, changes)).toThrow(TypeError);
  }
  expect(String(context)).toBe("[object Object]");
  for (const each of [...contexts, ...calls]) {
    const text = JSON.stringify(each);
    expect(text).not.toContain("secret");
    expect(JSON.parse(text)).toMatchObject({ method: expect.stringMatching(/^\/test\.v1\.TestService\/\w+$/), peer: each.peer });
  }
  expect(JSON.parse(JSON.stringify(context))).toMatchObject({ deadline: context?.deadline?.toISOString() });
});

test.each(everyWay)("$transport, $kind: compression can be set, and interceptors and handlers share values and metadata", async (one) => {
  const { contexts, calls } = await contextsOf(one);
  const [context] = contexts;
  const [call] = calls;
  if (context === undefined || call === undefined) throw new Error("no call");
  context.compression = "gzip";
  context.compress = false;
  expect([call.compression, call.compress]).toEqual(["gzip", false]);
  expect(call.values).toBe(context.values);
  expect(call.trailer).toBe(context.trailer);
});
