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

const waits = everyKind(async ({ signal }) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return "";
});

describe.each([hour, -hour])("the clock is moved by %i ms", (byMs) => {
  describe.each(transports)("%s", (transport) => {
    test.each(kindNames)("%s: a running call keeps its deadline", async (kind) => {
      const { client, channel } = await startBy(transport, waits);
      // The call is then sent at once, before the clock is moved.
      await channel.connect();
      const start = performance.now();
      const failure = failureOf(kinds[kind](client, "", { timeoutMs: 400 }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      setClock(byMs);
      expect(((await failure) as RpcError).code).toBe(Code.DEADLINE_EXCEEDED);
      const tookMs = performance.now() - start;
      expect(tookMs).toBeGreaterThan(390);
      expect(tookMs).toBeLessThan(20_000);
    });

    test("later calls have correct deadlines", async () => {
      const { client, channel } = await startBy(transport, waits);
      await channel.connect();
      setClock(byMs);
      const start = performance.now();
      expect(await failureOf(client.unary({}, { timeoutMs: 300 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
      expect(performance.now() - start).toBeGreaterThan(290);
      expect(performance.now() - start).toBeLessThan(20_000);
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

    test("a date as deadline is a time of the clock as it is now", async () => {
      const { client, channel } = await startBy(transport, waits);
      await channel.connect();
      setClock(byMs);
      const start = performance.now();
      const failure = await failureOf(client.unary({}, { deadline: new Date(Date.now() + 300) }));
      expect(failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
      expect(performance.now() - start).toBeGreaterThan(280);
      expect(performance.now() - start).toBeLessThan(20_000);
      expect(await failureOf(client.unary({}, { deadline: Date.now() - 100 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    });
  });

  const answers = everyKind(({ deadline }) => `${Math.round(((deadline?.getTime() ?? Number.NaN) - Date.now()) / 1_000)} s left`);

  test.each(kindNames)("%s: a call that waits for a connection keeps its deadline", async (kind) => {
    const { server, address } = await startServer(answers);
    await server.shutdown({ graceMs: 0 });
    const client = connect(address);
    const outcome = kinds[kind](client, "", { timeoutMs: 60_000, waitForReady: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    setClock(byMs);
    const again = createServer();
    again.add(implement(TestService, answers));
    onTestFinished(async () => {
      await again.shutdown({ graceMs: 0 });
    });
    await again.listen(address);
    expect((await outcome)[0]?.text).toMatch(/^(59|60) s left$/);
  });

  test.each(kindNames)(
    "%s: a call that waits for a retry, for the next hedged attempt or for an interceptor keeps its deadline",
    async (kind) => {
      const run = async (method: object, interceptors: readonly ClientInterceptor[] = []) => {
        vi.restoreAllMocks();
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
        const outcome = kinds[kind](client, "", { timeoutMs: 60_000 });
        await new Promise((resolve) => setTimeout(resolve, 100));
        setClock(byMs);
        return (await outcome)[0]?.text;
      };
      const delays = { initialBackoffMs: 400, maxBackoffMs: 400 };
      const left = /^(59|60) s left$/;
      expect(await run({ retry: { maxAttempts: 2, codes: [Code.UNAVAILABLE], ...delays } })).toMatch(left);
      expect(await run({ hedging: { maxAttempts: 2, delayMs: 400 } })).toMatch(left);
      const waiting: ClientInterceptor = async (_call, next) => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return next();
      };
      expect(await run({}, [waiting])).toMatch(left);
      expect(await run({ timeoutMs: 60_000 }, [waiting])).toMatch(left);
    },
  );
});
