// Interceptors that return the response of an async handler as `next()` gives it, and wait for it
// nevertheless.
import { expect, test } from "vitest";
import { everyKind, failureOf, kinds, startBy, type Transport, transports, until } from "../../test/harness.ts";
import { Code, RpcError, type ServerInterceptor } from "../index.ts";

const single = transports.flatMap((transport) => (["unary", "clientStream"] as const).map((kind) => ({ transport, kind })));

/** When the interceptor waits for what it returns. */
const waits = ["at once", "later", "after the call"] as const;
const everyWait = single.flatMap((way) => waits.map((when) => ({ ...way, when })));

async function startWaiting(transport: Transport, when: (typeof waits)[number], body: Parameters<typeof everyKind>[0]) {
  const outcomes: unknown[] = [];
  const faults: unknown[] = [];
  const interceptor: ServerInterceptor = (call, next) => {
    const response = next();
    const wait = () =>
      Promise.resolve(response).then(
        ({ message }) => outcomes.push(message),
        (error: unknown) => outcomes.push(error),
      );
    if (when === "at once") void wait();
    else if (when === "later") setImmediate(wait);
    else call.onEnd(() => setImmediate(wait));
    return response;
  };
  const { client } = await startBy(transport, everyKind(body), {
    interceptors: [interceptor],
    onError: (fault) => void faults.push(fault),
  });
  return { client, outcomes, faults };
}

test.each(everyWait)("$transport, $kind: the outcome of the handler, for which an interceptor waits $when", async (way) => {
  const fault = new RangeError("the handler fails");
  const { client, outcomes, faults } = await startWaiting(way.transport, way.when, async ({ metadata }) => {
    await new Promise(setImmediate);
    if (metadata.has("fault")) throw fault;
    if (metadata.has("fail")) throw new RpcError(Code.ABORTED, "no");
    return "answer";
  });
  expect(await kinds[way.kind](client, "")).toMatchObject([{ text: "answer" }]);
  await until(() => outcomes.length === 1);
  expect(await failureOf(kinds[way.kind](client, "", { metadata: { fail: "1" } }))).toMatchObject({ code: Code.ABORTED });
  await until(() => outcomes.length === 2);
  expect(await failureOf(kinds[way.kind](client, "", { metadata: { fault: "1" } }))).toMatchObject({ code: Code.INTERNAL });
  await until(() => outcomes.length === 3);
  expect(outcomes).toMatchObject([{ text: "answer" }, { code: Code.ABORTED }, fault]);
  expect(faults).toEqual([fault]);
});

test.each(everyWait)("$transport, $kind: a cancelled call ends the wait of an interceptor that waits $when", async (way) => {
  const ended = Promise.withResolvers<string>();
  let handling = false;
  const { client, outcomes, faults } = await startWaiting(way.transport, way.when, () => {
    handling = true;
    return ended.promise;
  });
  const controller = new AbortController();
  const failure = failureOf(kinds[way.kind](client, "", { signal: controller.signal }));
  await until(() => handling);
  controller.abort();
  expect(await failure).toMatchObject({ code: Code.CANCELLED });
  await until(() => outcomes.length === 1);
  expect(outcomes).toMatchObject([{ code: Code.CANCELLED }]);
  const fault = new Error("the handler fails after its call");
  ended.reject(fault);
  await until(() => faults.length > 0);
  expect(faults).toEqual([fault]);
});

test.each(single)("$transport, $kind: a thenable that a handler returns is read once", async ({ transport, kind }) => {
  let runs = 0;
  const query = () => ({
    // biome-ignore lint/suspicious/noThenProperty: as the queries of some libraries.
    then(resolve: (message: object) => void) {
      resolve({ text: `run ${++runs}` });
    },
  });
  const interceptor: ServerInterceptor = (_call, next) => {
    const response = next();
    void Promise.resolve(response).then(() => response);
    return response;
  };
  const handlers = { unary: query, clientStream: query } as unknown as ReturnType<typeof everyKind>;
  const { client } = await startBy(transport, handlers, { interceptors: [interceptor] });
  expect(await kinds[kind](client, "")).toMatchObject([{ text: "run 1" }]);
});
