// The interface through which the tests use any gRPC client.
import type { Code } from "@grpc-study/rpc";
import { expect } from "vitest";
import type { Call } from "../contract/topic.ts";
import { type Caller, type Ending, ok } from "./call.ts";

export { type Caller, isStream, ok, requestsOf, toProtoJson } from "./call.ts";

/** Makes a call of the contract and checks its outcome. */
export async function expectAnswer(caller: Caller, address: string, call: Call): Promise<void> {
  expectEnding(await caller(address, call), call);
}

/** Checks the outcome of a call of the contract. */
export function expectEnding({ responses, code, message }: Ending, call: Call): void {
  expect({ code, message }).toEqual(call.code === undefined ? ok : { code: call.code satisfies Code, message: expect.stringMatching(/./) });
  if (typeof call.responses === "function") call.responses(responses);
  else expect(responses).toEqual(call.responses);
  if (call.take !== undefined) expect(responses).toHaveLength(call.take);
}
