// The system clock is set an hour forward or back during calls. Timeouts in milliseconds do not
// change.
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, everyKind, failureOf, kindNames, kinds, startBy, startServer, TestService, transports } from "../../test/harness.ts";
import { type ClientInterceptor, Code, createServer, implement, RpcError } from "../index.ts";

const hour = 3_600_000;

/**
 * Changes `Date` as a change of the system clock does. Timers and `performance.now()` are not
 * affected.
 */
function setClock(byMs: number): void {
  const real = Date.now.bind(Date);
  vi.spyOn(Date, "now").mockImplementation(() => real() + byMs);
}

afterEach(() => void vi.restoreAllMocks());

const isBetween = (value: number, least: number, most: number) => value > least && value < most;

const waits = everyKind(async ({ signal }) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return "";
});

describe.each([hour, -hour])("the clock is moved by %i ms", (byMs) => {
  describe.each(transports)("%s", (transport) => {
    test("running calls of all kinds keep their deadlines", async () => {
      const { client, channel } = await startBy(transport, waits);
      // The calls are then sent at once, before the clock is moved.
      await channel.connect();
      const start = performance.now();
      const ends = kindNames.map(async (kind) => {
        const failure = await failureOf(kinds[kind](client, "", { timeoutMs: 300 }));
        return { kind, code: (failure as RpcError).code, inTime: isBetween(performance.now() - start, 290, 20_000) };
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      setClock(byMs);
      expect(await Promise.all(ends)).toEqual(kindNames.map((kind) => ({ kind, code: Code.DEADLINE_EXCEEDED, inTime: true })));
    });

    test("later calls have correct deadlines, and a date as deadline is a time of the clock as it is now", async () => {
      const { client, channel } = await startBy(transport, waits);
      await channel.connect();
      setClock(byMs);
      const start = performance.now();
      const ends = [{ timeoutMs: 300 }, { deadline: new Date(Date.now() + 300) }].map(async (options) => {
        expect(await failureOf(client.unary({}, options))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
        expect(performance.now() - start).toBeGreaterThan(280);
        expect(performance.now() - start).toBeLessThan(20_000);
      });
      await Promise.all(ends);
      expect(await failureOf(client.unary({}, { deadline: Date.now() - 100 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    });

    test.each(kindNames)(
      "%s: the deadlines that handlers and interceptors see move with the clock, and inner calls keep theirs",
      async (kind) => {
        const left: (number | undefined)[] = [];
        const note = ({ deadline }: { deadline: Date | undefined }) =>
          left.push(deadline === undefined ? undefined : Math.round((deadline.getTime() - Date.now()) / 1_000));
        const noting: ClientInterceptor = (call, next) => {
          note(call);
          return next();
        };
        const behind = await startBy(
          transport,
          everyKind((context) => {
            note(context);
            return "";
          }),
          {},
          {},
          { interceptors: [noting] },
        );
        const { client, channel } = await startBy(
          transport,
          everyKind(async (context) => {
            note(context);
            setClock(byMs);
            note(context);
            return (await kinds[kind](behind.client, ""))[0]?.text ?? "";
          }),
          { maxTimeoutMs: 90_000 },
        );
        await channel.connect();
        await behind.channel.connect();
        await kinds[kind](client, "", { timeoutMs: 60_000 });
        vi.restoreAllMocks();
        await kinds[kind](client, "");
        vi.restoreAllMocks();
        expect(left).toEqual([60, 60, 60, 60, 90, 90, 90, 90]);
      },
    );
  });

  const answers = everyKind(({ deadline }) => `${Math.round(((deadline?.getTime() ?? Number.NaN) - Date.now()) / 1_000)} s left`);

  test("calls of all kinds that wait for a connection keep their deadlines", async () => {
    const { server, address } = await startServer(answers);
    await server.shutdown({ graceMs: 0 });
    const client = connect(address, { backoff: { initialMs: 300 } });
    const outcomes = kindNames.map((kind) => kinds[kind](client, "", { timeoutMs: 60_000, waitForReady: true }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    setClock(byMs);
    const again = createServer();
    again.add(implement(TestService, answers));
    onTestFinished(async () => {
      await again.shutdown({ graceMs: 0 });
    });
    await again.listen(address);
    for (const outcome of outcomes) expect((await outcome)[0]?.text).toMatch(/^(59|60) s left$/);
  });

  const delays = { initialBackoffMs: 300, maxBackoffMs: 300 };
  const waiting: ClientInterceptor = async (_call, next) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return next();
  };
  /** What a call waits for while the clock is moved. */
  const reasons: readonly { readonly method: object; readonly interceptors: readonly ClientInterceptor[] }[] = [
    { method: { retry: { maxAttempts: 2, codes: [Code.UNAVAILABLE], ...delays } }, interceptors: [] },
    { method: { hedging: { maxAttempts: 2, delayMs: 300 } }, interceptors: [] },
    { method: {}, interceptors: [waiting] },
    { method: { timeoutMs: 60_000 }, interceptors: [waiting] },
  ];

  test("calls of all kinds that wait for a retry, for the next hedged attempt or for an interceptor keep their deadlines", async () => {
    const runs = reasons.flatMap(({ method, interceptors }) =>
      kindNames.map(async (kind) => {
        let attempts = 0;
        const { address } = await startServer(
          everyKind(async ({ deadline, signal }) => {
            if (++attempts > 1 || interceptors.length > 0)
              return `${Math.round(((deadline?.getTime() ?? Number.NaN) - Date.now()) / 1_000)} s left`;
            if ("retry" in method) throw new RpcError(Code.UNAVAILABLE, "later");
            await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
            return "";
          }),
        );
        const client = connect(address, { methods: [{ service: TestService, ...method }], interceptors });
        const [answer] = await kinds[kind](client, "", { timeoutMs: 60_000 });
        return [method, kind, /^(59|60) s left$/.test(answer?.text ?? "") ? "kept" : answer?.text];
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    setClock(byMs);
    expect(await Promise.all(runs)).toEqual(reasons.flatMap(({ method }) => kindNames.map((kind) => [method, kind, "kept"])));
  });
});
