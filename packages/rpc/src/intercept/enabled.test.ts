// Interceptors that are off.
import { expect, test } from "vitest";
import { everyKind, everyWay, failureOf, kinds, startBy, TestService } from "../../test/harness.ts";
import { type ClientInterceptor, Code, forClientMethod, forServerMethod, type ServerInterceptor } from "../index.ts";

/** Counts how often it is asked, and how often it runs. */
class Switch {
  on = false;
  asked = 0;
  ran = 0;
  readonly enabled = () => {
    this.asked++;
    return this.on;
  };

  readonly interceptor = Object.assign(
    <Response>(_call: unknown, next: () => Response): Response => {
      this.ran++;
      return next();
    },
    { enabled: this.enabled },
  );
}

test.each(everyWay)("$transport, $kind: an interceptor that is off does not run, and the others do", async ({ transport, kind }) => {
  const server = new Switch();
  const client = new Switch();
  const log: string[] = [];
  const onServer =
    (name: string): ServerInterceptor =>
    (_call, next) => {
      log.push(`server ${name}`);
      return next();
    };
  const onClient =
    (name: string): ClientInterceptor =>
    (_call, next) => {
      log.push(`client ${name}`);
      return next();
    };
  const handlers = everyKind(() => "x");
  const { client: caller } = await startBy(
    transport,
    handlers,
    { interceptors: [onServer("a"), server.interceptor as ServerInterceptor, onServer("b")] },
    {},
    { interceptors: [onClient("a"), client.interceptor as ClientInterceptor, onClient("b")] },
  );
  const all = ["client a", "client b", "server a", "server b"];
  expect(await kinds[kind](caller, "")).toMatchObject([{ text: "x" }]);
  expect({ log, asked: [server.asked, client.asked], ran: [server.ran, client.ran] }).toEqual({ log: all, asked: [1, 1], ran: [0, 0] });
  server.on = true;
  client.on = true;
  expect(await kinds[kind](caller, "")).toMatchObject([{ text: "x" }]);
  expect({ asked: [server.asked, client.asked], ran: [server.ran, client.ran] }).toEqual({ asked: [2, 2], ran: [1, 1] });
});

test.each(everyWay)("$transport, $kind: a call whose only interceptor is off, and then on", async ({ transport, kind }) => {
  const server = new Switch();
  const client = new Switch();
  const handlers = everyKind(() => "x");
  const options = { interceptors: [server.interceptor as ServerInterceptor] };
  const { client: caller } = await startBy(transport, handlers, options, {}, { interceptors: [client.interceptor as ClientInterceptor] });
  for (const on of [false, true, false]) {
    server.on = on;
    client.on = on;
    expect(await kinds[kind](caller, "")).toMatchObject([{ text: "x" }]);
  }
  expect({ asked: [server.asked, client.asked], ran: [server.ran, client.ran] }).toEqual({ asked: [3, 3], ran: [1, 1] });
});

test.each(everyWay)("$transport, $kind: a call ends with what `enabled` throws", async ({ transport, kind }) => {
  const fault = new Error("a fault");
  const faulty = Object.assign(<Response>(_call: unknown, next: () => Response) => next(), {
    enabled: () => {
      throw fault;
    },
  });
  let handled = 0;
  const seen: unknown[] = [];
  const handlers = everyKind(() => {
    handled++;
    return "x";
  });
  const options = { interceptors: [faulty as ServerInterceptor], onError: (error: unknown) => void seen.push(error) };
  const { client } = await startBy(transport, handlers, options);
  expect(await failureOf(kinds[kind](client, ""))).toMatchObject({ code: Code.INTERNAL, message: "internal error" });
  expect(await failureOf(kinds[kind](client, "", { interceptors: [faulty as ClientInterceptor] }))).toBe(fault);
  expect({ handled, seen }).toEqual({ handled: 0, seen: [fault] });
});

test("an interceptor for one method keeps its switch", async () => {
  const server = new Switch();
  const client = new Switch();
  const { client: caller } = await startBy(
    "http2",
    everyKind(() => "x"),
    { interceptors: [forServerMethod(TestService.method.unary, server.interceptor as never)] },
    {},
    { interceptors: [forClientMethod(TestService.method.unary, client.interceptor as never)] },
  );
  await caller.unary({});
  await kinds.serverStream(caller, "");
  expect([server.asked, client.asked, server.ran, client.ran]).toEqual([1, 1, 0, 0]);
});
