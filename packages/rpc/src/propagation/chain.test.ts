// Three servers, each of which calls the next one, without any option: deadline, cancellation and
// metadata reach the last one, and failures come back.
import { expect, test } from "vitest";
import {
  everyKind,
  everyWay,
  failureOf,
  kindNames,
  kinds,
  startBy,
  startServer,
  type TestClient,
  type TestHandlers,
  until,
} from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import type { Transport } from "../../test/transports.ts";
import { type ClientInterceptor, type ClientOptions, Code, type Context, RpcError, type Server } from "../index.ts";
import { virtualTime } from "../testing/index.ts";

const path = { unary: "Unary", serverStream: "ServerStream", clientStream: "ClientStream", bidiStream: "BidiStream" } as const;

/** Clients with and without an interceptor: the two have code of their own. */
const observing: ClientInterceptor = (call, next) => {
  call.onEnd(() => {});
  return next();
};
const clientsOf = { plain: {}, intercepted: { interceptors: [observing] } } as const satisfies Record<string, ClientOptions>;
const ways = everyWay.flatMap((way) => Object.entries(clientsOf).map(([client, options]) => ({ ...way, client, options })));

interface Way {
  readonly transport: Transport;
  readonly kind: (typeof kindNames)[number];
  readonly options: ClientOptions;
}

interface Chain {
  readonly front: TestClient;
  readonly servers: readonly Server[];
  /** What the calls failed with that the first and the second hop have made. */
  readonly failures: unknown[];
}

/** Starts the last hop with these handlers, and two hops in front of it. */
async function chain({ transport, kind, options }: Way, last: TestHandlers): Promise<Chain> {
  const failures: unknown[] = [];
  const hop = (next: TestClient) =>
    everyKind(async () => {
      try {
        return (await kinds[kind](next, ""))[0]?.text ?? "";
      } catch (error) {
        failures.push(error);
        throw error;
      }
    });
  const third = await startBy(transport, last, {}, {}, options);
  const second = await startBy(transport, hop(third.client), {}, {}, options);
  const first = await startBy(transport, hop(second.client));
  return { front: first.client, servers: [first.server, second.server, third.server], failures };
}

/** Waits until the call has ended, and records it. */
function waiting(seen: Context[], reasons: unknown[]): TestHandlers {
  return everyKind(async (context) => {
    seen.push(context);
    await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    reasons.push(context.signal.reason);
    throw context.signal.reason;
  });
}

test.each(ways)("$transport, $kind, $client: the last hop has the deadline of the first", async (way) => {
  const deadlines: (Date | undefined)[] = [];
  const { front } = await chain(
    way,
    everyKind(({ deadline }) => {
      deadlines.push(deadline);
      return "";
    }),
  );
  await kinds[way.kind](front, "");
  const before = Date.now();
  await kinds[way.kind](front, "", { timeoutMs: 60_000 });
  expect(deadlines[0]).toBeUndefined();
  expect(deadlines[1]?.getTime()).toBeGreaterThan(before + 55_000);
  // Each hop sends its remaining time, rounded up to whole milliseconds.
  expect(deadlines[1]?.getTime()).toBeLessThanOrEqual(Date.now() + 60_003);
});

test.each(ways)("$transport, $kind, $client: the deadline of the first hop ends the last one", async (way) => {
  const time = virtualTime();
  try {
    const seen: Context[] = [];
    const reasons: unknown[] = [];
    const { front, failures } = await chain(way, waiting(seen, reasons));
    const ended = failureOf(kinds[way.kind](front, "", { timeoutMs: 60_000 }));
    while (seen.length === 0) await time.advance(0);
    await time.advance(59_000);
    expect([failures, reasons]).toEqual([[], []]);
    await time.advance(1_010);
    expect(await ended).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    while (failures.length < 2 || reasons.length < 1) await time.advance(0);
    // The hop before may cancel the call a little earlier.
    const either = [Code.DEADLINE_EXCEEDED, Code.CANCELLED];
    for (const error of [...failures, ...reasons]) expect(either).toContain((error as RpcError).code);
  } finally {
    time[Symbol.dispose]();
  }
});

test.each(kindNames)("%s: a call fails with DEADLINE_EXCEEDED if a caller that never cancels had no more time", async (kind) => {
  const failures: unknown[] = [];
  const { client } = await startBy("http2", waiting([], []));
  const { address } = await startServer(
    everyKind(async () => {
      failures.push(await failureOf(kinds[kind](client, "", { inherit: { deadline: false } })));
      return "";
    }),
  );
  const peer = new Peer(address).call(path[kind], { "grpc-timeout": "200m" });
  peer.stream.end(frame());
  expect(await peer.status()).toBe(Code.DEADLINE_EXCEEDED);
  await until(() => failures.length === 1);
  const message = `deadline exceeded: /test.v1.TestService/${path[kind]}, which made the call, did not end in time`;
  expect(failures).toMatchObject([{ code: Code.DEADLINE_EXCEEDED, message, cause: { code: Code.DEADLINE_EXCEEDED } }]);
});

test.each(ways)("$transport, $kind, $client: a cancellation by the first caller reaches the last hop", async (way) => {
  const seen: Context[] = [];
  const reasons: unknown[] = [];
  const { front, failures } = await chain(way, waiting(seen, reasons));
  const controller = new AbortController();
  const failed = failureOf(kinds[way.kind](front, "", { signal: controller.signal }));
  await until(() => seen.length === 1);
  controller.abort();
  expect(await failed).toMatchObject({ code: Code.CANCELLED });
  await until(() => reasons.length === 1 && failures.length === 2);
  expect(reasons).toMatchObject([{ code: Code.CANCELLED }]);
  const message: unknown = expect.stringContaining(
    `the call was cancelled: /test.v1.TestService/${path[way.kind]}, which made it, has ended (CANCELLED: `,
  );
  const error = { code: Code.CANCELLED, message, method: `/test.v1.TestService/${path[way.kind]}` };
  expect(failures).toMatchObject([error, error]);
});

test.each(ways)("$transport, $kind, $client: a failure of the last hop comes back, and nothing else is cancelled", async (way) => {
  const { front, failures } = await chain(
    way,
    everyKind(() => {
      throw new RpcError(Code.NOT_FOUND, "no such thing");
    }),
  );
  const error = { code: Code.NOT_FOUND, message: "no such thing" };
  expect(await failureOf(kinds[way.kind](front, "", { timeoutMs: 60_000 }))).toMatchObject(error);
  expect(failures).toMatchObject([error, error]);
});

test.each(ways)("$transport, $kind, $client: if the middle server dies, the caller fails and the last hop is cancelled", async (way) => {
  const seen: Context[] = [];
  const reasons: unknown[] = [];
  const { front, servers } = await chain(way, waiting(seen, reasons));
  const failed = failureOf(kinds[way.kind](front, ""));
  await until(() => seen.length === 1);
  await servers[1]?.shutdown({ graceMs: 0, abortMs: 0 });
  expect(await failed).toMatchObject({ code: Code.UNAVAILABLE });
  await until(() => reasons.length === 1);
  expect(reasons).toMatchObject([{ code: Code.CANCELLED }]);
});

test.each(ways)("$transport, $kind, $client: the last hop has the trace and the id of the request, and no identity", async (way) => {
  const sent = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "a=1",
    baggage: "tenant=7",
    "x-request-id": "r1",
    authorization: "Bearer secret",
    "x-user": "ann",
  };
  const seen: object[] = [];
  const { front } = await chain(
    way,
    everyKind(({ metadata }) => {
      seen.push(Object.fromEntries([...metadata].filter(([key]) => key in sent)));
      return "";
    }),
  );
  await kinds[way.kind](front, "", { metadata: sent });
  const { authorization, "x-user": user, ...passed } = sent;
  expect([authorization, user, seen]).toEqual([authorization, user, [passed]]);
});

test.each(everyWay)(
  "$transport, $kind: messages of a stream pass three hops one by one, and end with the caller",
  async ({ transport }) => {
    const ended: string[] = [];
    const stream = (name: string, next?: TestClient): TestHandlers => ({
      async *serverStream(_request) {
        try {
          if (next === undefined) for (let i = 0; ; i++) yield { text: `${i}` };
          else yield* next.serverStream({});
        } finally {
          ended.push(name);
        }
      },
      async *bidiStream(requests) {
        try {
          if (next === undefined) for await (const { text } of requests) yield { text: `${text}!` };
          else yield* next.bidiStream(requests);
        } finally {
          ended.push(name);
        }
      },
    });
    const third = await startBy(transport, stream("third"));
    const second = await startBy(transport, stream("second", third.client));
    const first = await startBy(transport, stream("first", second.client));
    const down = first.client.serverStream({});
    for (let i = 0; i < 100; i++) expect(await down.recv()).toMatchObject({ text: `${i}` });
    down.cancel();
    await until(() => ended.length === 3);
    const both = first.client.bidiStream();
    for (let i = 0; i < 10; i++) {
      void both.send({ text: `${i}` });
      expect(await both.recv()).toMatchObject({ text: `${i}!` });
    }
    both.cancel();
    await until(() => ended.length === 6);
    expect(ended.slice().sort()).toEqual(["first", "first", "second", "second", "third", "third"]);
  },
);
