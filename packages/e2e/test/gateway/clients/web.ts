// The clients for web pages, from npm.
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { oneRequest, type WebClient } from "./client.ts";
import { callWithTransport } from "./connect.ts";
import { googleGrpcWeb } from "./google.ts";
import { protobufTs } from "./protobuf-ts.ts";

const connectWeb = (name: string, create: (baseUrl: string) => Transport): WebClient => ({
  name: `connect-web, ${name}`,
  kinds: oneRequest,
  call: (url, call) => callWithTransport(create(url), call),
});

/** Clients that use `fetch`, which Node has as well. */
export const fetchClients: readonly WebClient[] = [
  connectWeb("Connect JSON", (baseUrl) => createConnectTransport({ baseUrl })),
  connectWeb("Connect binary", (baseUrl) => createConnectTransport({ baseUrl, useBinaryFormat: true })),
  connectWeb("gRPC-Web binary", (baseUrl) => createGrpcWebTransport({ baseUrl })),
  connectWeb("gRPC-Web JSON", (baseUrl) => createGrpcWebTransport({ baseUrl, useBinaryFormat: false })),
  protobufTs("text"),
  protobufTs("binary"),
];

/** All clients, for a page. */
export const webClients: readonly WebClient[] = [...fetchClients, googleGrpcWeb("text"), googleGrpcWeb("binary")];
