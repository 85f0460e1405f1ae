// A call of any gRPC client, and how it ended. These files also run in a browser.
import { type DescMessage, type DescMethod, fromJson, type JsonObject, type Message, toJson } from "@bufbuild/protobuf";
import type { Call } from "../contract/topic.ts";

/** How a call ended. */
export interface Ending {
  /** JSON with the field names of the .proto file; fields with their default value are left out. */
  readonly responses: readonly JsonObject[];
  /** The status code; 0 is OK. */
  readonly code: number;
  readonly message: string;
}

/** What a client needs to make a call. */
export interface CallInit extends Pick<Call, "method" | "requests" | "take"> {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Makes a call, and cancels it after `take` responses if `take` is set. */
export type Caller = (address: string, call: CallInit) => Promise<Ending>;

export const ok = { code: 0, message: "" };

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
