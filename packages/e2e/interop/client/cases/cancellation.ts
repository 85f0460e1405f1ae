// Calls that end early: cancel_after_begin, cancel_after_first_response and
// timeout_on_sleeping_server.
import { ok } from "node:assert/strict";
import { Code } from "@grpc-study/rpc";
import { zeros } from "../../payload.ts";
import { expectStatus, type TestCase } from "../case.ts";

export const cancelAfterBegin: TestCase = async ({ test }) => {
  const call = test.streamingInputCall();
  call.cancel();
  await expectStatus(call.closeAndRecv(), Code.CANCELLED);
};

export const cancelAfterFirstResponse: TestCase = async ({ test }) => {
  const call = test.fullDuplexCall();
  await call.send({ responseParameters: [{ size: 31_415 }], payload: zeros(27_182) });
  ok((await call.recv()) !== undefined, "the stream ended without a response");
  call.cancel();
  await expectStatus(call.recv(), Code.CANCELLED);
};

export const timeoutOnSleepingServer: TestCase = async ({ test }) => {
  const call = test.fullDuplexCall({ timeoutMs: 1 });
  await call.send({ payload: zeros(27_182) });
  await expectStatus(call.recv(), Code.DEADLINE_EXCEEDED);
};
