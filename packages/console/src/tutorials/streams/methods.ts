// The three streams, each in a service of its own.
import type { ServiceEntry } from "../../schema/services.ts";
import { type Found, findMethods } from "../shape.ts";

const server = { ListValue: { kind: "server_streaming", input: { data: "string" }, output: { stream_value: "string" } } } as const;
const client = {
  RouteList: { kind: "client_streaming", input: { stream_data: "string" }, output: { code: "number", value: "string" } },
} as const;
const both = { Conversations: { kind: "bidi_streaming", input: { question: "string" }, output: { answer: "string" } } } as const;

export type StreamsMethods = Found<typeof server & typeof client & typeof both>;

export function streamsMethods(services: readonly ServiceEntry[]): StreamsMethods | undefined {
  const list = findMethods(services, "StreamServer", server);
  const route = findMethods(services, "StreamClient", client);
  const conversations = findMethods(services, "Stream", both);
  return list && route && conversations && { ...list, ...route, ...conversations };
}
