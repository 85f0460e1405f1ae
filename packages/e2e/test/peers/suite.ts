// Tests that every peer runs: it calls our servers, and our clients call it.
import { describe, expect, test } from "vitest";
import { topics } from "../contract/index.ts";
import { addressOf } from "../harness/address-of.ts";
import { client } from "../harness/client.ts";
import { type Caller, expectAnswer } from "./caller.ts";
import type { ForeignServer } from "./connect-node.ts";
import { createReplay, type Replay } from "./replay.ts";
import { callWithRpc } from "./rpc.ts";

/** Makes every call of the contract to our servers with a foreign client. */
export function testCalls(caller: Caller): void {
  describe.each(topics)("our $name server", ({ name, calls }) => {
    for (const call of calls) test(call.title, () => expectAnswer(caller, addressOf(name), call));
  });
}

/** Makes every call of our client's commands and of our library to a foreign server. */
export function testServer(serve: (replay: Replay) => Promise<ForeignServer>): void {
  describe.each(topics)("our $name client", ({ name, commands, calls }) => {
    for (const { title, args, stdin, exchanges, stdout } of commands) {
      test(title, async () => {
        const replay = createReplay(exchanges);
        await using server = await serve(replay);
        expect(await client([name, ...args, "--addr", server.address], stdin)).toEqual({ status: 0, stdout, stderr: "" });
        expect(replay.seen).toEqual(exchanges.map(({ method, requests }) => ({ method, requests })));
      });
    }

    for (const { title, method, requests, responses, code } of calls) {
      if (typeof responses === "function" || code !== undefined) continue;
      test(`${title}, called by our library`, async () => {
        const replay = createReplay([{ method, requests, responses }]);
        await using server = await serve(replay);
        await expectAnswer(callWithRpc, server.address, { title, method, requests, responses });
        expect(replay.seen).toEqual([{ method, requests }]);
      });
    }
  });
}
