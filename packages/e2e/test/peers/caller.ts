// The interface through which the tests use any gRPC client.
import { type DescMessage, type DescMethod, fromJson, type JsonObject, type Message, toJson } from "@bufbuild/protobuf";
import type { Code } from "@grpc-study/rpc";
import { expect } from "vitest";
import type { Call } from "../contract/topic.ts";

/** How a call ended. */
export interface Ending {
  /** JSON with the field names of the .proto file; fields with their default value are left out. */
  readonly responses: readonly JsonObject[];
  /** The status code; 0 is OK. */
  readonly code: number;
  readonly message: string;
}

/** Makes a call, and cancels it after `take` responses if `take` is set. */
export type Caller = (address: string, call: Pick<Call, "method" | "requests" | "take">) => Promise<Ending>;

export const ok = { code: 0, message: "" };

/** Makes a call of the contract and checks its outcome. */
export async function expectAnswer(caller: Caller, address: string, call: Call): Promise<void> {
  const { responses, code, message } = await caller(address, call);
  expect({ code, message }).toEqual(call.code === undefined ? ok : { code: call.code satisfies Code, message: expect.stringMatching(/./) });
  if (typeof call.responses === "function") call.responses(responses);
  else expect(responses).toEqual(call.responses);
  if (call.take !== undefined) expect(responses).toHaveLength(call.take);
}

export function requestsOf({ method, requests }: Pick<Call, "method" | "requests">): Message[] {
  return requests.map((request) => fromJson(method.input, request));
}

export function toProtoJson(schema: DescMessage, message: Message): JsonObject {
  return toJson(schema, message, { useProtoFieldName: true }) as JsonObject;
}

export const isStream = {
  ofRequests: ({ methodKind }: DescMethod) => methodKind === "client_streaming" || methodKind === "bidi_streaming",
  ofResponses: ({ methodKind }: DescMethod) => methodKind === "server_streaming" || methodKind === "bidi_streaming",
};
