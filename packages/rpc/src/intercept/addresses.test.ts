// The names and addresses that interceptors see.
import { expect, test } from "vitest";
import { everyKind, everyWay, kinds, startBy, until } from "../../test/harness.ts";
import type { ClientInterceptor, ServerInterceptor } from "../index.ts";

test.each(everyWay)("$transport, $kind: the authority on the server, and the peer on the client", async ({ transport, kind }) => {
  const seen: Record<string, unknown> = {};
  const onServer: ServerInterceptor = (call, next) => {
    seen["authority"] = call.authority;
    return next();
  };
  const onClient: ClientInterceptor = (call, next) => {
    seen["before"] = call.peer;
    call.onEnd(() => {
      seen["after"] = call.peer;
    });
    return next();
  };
  const handlers = everyKind(() => "x");
  const { client, channel } = await startBy(transport, handlers, { interceptors: [onServer] }, {}, { interceptors: [onClient] });
  await kinds[kind](client, "", { authority: "shop.example:443" });
  await until(() => "after" in seen);
  const peer =
    transport === "in process" ? "in-process" : transport === "http2" ? channel.target : expect.stringMatching(/^127\.0\.0\.1:\d+$/);
  expect(seen).toEqual({ authority: "shop.example:443", before: undefined, after: peer });
});
