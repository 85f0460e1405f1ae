// The requests of cases that define them byte by byte.

import { zstdCompressSync } from "node:zlib";
import { Compression } from "../../../../gen/connectrpc/conformance/v1/config_pb.js";
import type { MessageContents, RawHTTPRequest } from "../../../../gen/connectrpc/conformance/v1/service_pb.js";
import { compress, encodingNames, envelope } from "./envelope.ts";

export function rawPath({ uri, rawQueryParams, encodedQueryParams }: RawHTTPRequest): string {
  const query = new URLSearchParams();
  for (const { name, value } of rawQueryParams) for (const one of value) query.append(name, one);
  for (const { name, value, base64Encode } of encodedQueryParams) {
    const bytes = Buffer.from(contents(value));
    query.append(name, bytes.toString(base64Encode ? "base64url" : "utf8"));
  }
  return query.size === 0 ? uri : `${uri}${uri.includes("?") ? "&" : "?"}${query}`;
}

export function* rawBody({ body }: RawHTTPRequest): Iterable<Uint8Array> {
  if (body.case === "unary") yield contents(body.value);
  if (body.case !== "stream") return;
  for (const { flags, length, payload } of body.value.items) yield envelope(flags, contents(payload), length);
}

function contents(message: MessageContents | undefined): Uint8Array {
  if (message?.data.case === undefined) return new Uint8Array();
  const { data, compression } = message;
  const bytes = data.case === "text" ? Buffer.from(data.value) : data.case === "binary" ? data.value : data.value.value;
  if (compression === Compression.ZSTD) return zstdCompressSync(bytes);
  const name = encodingNames[compression];
  if (name === undefined) throw new Error(`the compression ${Compression[compression]} is not implemented`);
  return compress(bytes, name);
}
