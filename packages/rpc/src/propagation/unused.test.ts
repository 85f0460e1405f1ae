// A process that makes no calls, and does not ask for the current one, records none. This file has a
// process of its own.
import { expect, test } from "vitest";
import { everyKind, kindNames, startServer, TestService } from "../../test/harness.ts";
import { frame, Peer } from "../../test/http2-peer.ts";
import { Code, createClient, createServer } from "../index.ts";
import { enter, outside, used } from "./current.ts";

test("calls are recorded from the first client on", async () => {
  const seen: unknown[] = [];
  const { address } = await startServer(
    everyKind(() => {
      seen.push(used);
      return "";
    }),
  );
  const peer = new Peer(address);
  const callAll = async () => {
    for (const kind of kindNames) {
      const call = peer.call(kind[0]?.toUpperCase() + kind.slice(1));
      call.stream.end(frame());
      expect(await call.status()).toBe(Code.OK);
    }
  };
  await callAll();
  expect(enter({} as never, (value: number) => value, 1)).toBe(1);
  expect(outside(() => 2)).toBe(2);
  createClient(TestService, createServer().channel());
  await callAll();
  expect(seen).toEqual([false, false, false, false, true, true, true, true]);
});
