// Calls of the history that are opened and made again.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { callEnded, currentCall } from "./calls.ts";
import { pastCalls, startHistory } from "./history.ts";
import { CallRecord } from "./record.ts";
import { openPast, rerun } from "./submit.ts";

beforeAll(() => {
  vi.stubGlobal("location", { pathname: "/", hash: "" });
  vi.stubGlobal(
    "BroadcastChannel",
    class {
      addEventListener() {}
      postMessage() {}
    },
  );
});
afterAll(() => void vi.unstubAllGlobals());

test("a call whose requests are not all in the history is neither opened nor made again", async () => {
  await startHistory();
  const method = { path: "t.S/M" } as NonNullable<typeof currentCall.value>["method"];
  const long = JSON.stringify({ text: "x".repeat(1_000_000) });
  callEnded({ method, record: new CallRecord(), startedAt: 0, written: ["{}", long], metadata: [], timeoutMs: undefined });
  await vi.waitFor(() => expect(pastCalls.value).toHaveLength(1));
  const [call] = pastCalls.value;
  if (call === undefined) throw new Error("no call");
  expect([await openPast(call), await rerun(call), currentCall.value, location.hash]).toEqual([false, false, undefined, ""]);
});
