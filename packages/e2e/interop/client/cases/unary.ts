// empty_unary and large_unary.

import { zeros } from "../../payload.ts";
import { expectZeros, type TestCase } from "../case.ts";

export const largeUnaryRequest = { responseSize: 314_159, payload: zeros(271_828) };

export const emptyUnary: TestCase = async ({ test }) => {
  await test.emptyCall({});
};

export const largeUnary: TestCase = async ({ test }) => {
  const { payload } = await test.unaryCall(largeUnaryRequest);
  expectZeros(payload, 314_159);
};
