// The header lists of requests (PROTOCOL-HTTP2.md, Requests).

import { type HeaderField, HeaderList } from "@grpc-study/http2";
import { version } from "../../../../gen/version.js";
import { acceptedEncodings, type Compression } from "../../../protocol/compression.ts";
import { fieldsOf, isSentWithRequest } from "../../../protocol/fields.ts";
import { formatTimeout } from "../../../protocol/timeout.ts";
import type { OutgoingCall } from "../../client.ts";

/**
 * The user agent. It must not match grpc-js, because servers of this package delay half-closes of
 * grpc-js.
 */
export const userAgent = `grpc-study/${version} node/${process.versions.node}`;

/** The maximum number of cached paths and timeouts, because a caller may use any number of them. */
const maxKept = 256;

/** The headers that the calls of one method share. The engine checks and encodes them once. */
class MethodHeaders {
  readonly list: HeaderList;
  /** Lists that add only a timeout, by milliseconds. Callers repeat their timeouts. */
  readonly timeouts = new Map<number, HeaderList>();

  constructor(list: HeaderList) {
    this.list = list;
  }
}

export class RequestHeaders {
  readonly #scheme: "http" | "https";
  readonly #authority: string;
  readonly #methods = new Map<string, MethodHeaders>();

  constructor(scheme: "http" | "https", authority: string) {
    this.#scheme = scheme;
    this.#authority = authority;
  }

  /**
   * Returns the header list of a call.
   *
   * @param compression the compression of the requests.
   * @param timeoutMs the remaining time in milliseconds: more than 0, or Infinity.
   * @throws TypeError that names an invalid field.
   */
  of(call: OutgoingCall, compression: Compression, timeoutMs: number): HeaderList {
    const headers = this.#of(call.method.path, call.authority);
    const plain = call.metadata === undefined && compression === "identity" && call.previousAttempts === 0;
    if (timeoutMs === Number.POSITIVE_INFINITY) return plain ? headers.list : headers.list.extend(fieldsFor(call, compression, undefined));
    if (!plain) return headers.list.extend(fieldsFor(call, compression, timeoutMs));
    const rounded = Math.ceil(timeoutMs);
    let list = headers.timeouts.get(rounded);
    if (list === undefined) {
      list = headers.list.extend([["grpc-timeout", formatTimeout(rounded)]]);
      keep(headers.timeouts, rounded, list);
    }
    return list;
  }

  #of(path: string, authority: string | undefined): MethodHeaders {
    const key = authority === undefined ? path : `${authority} ${path}`;
    let headers = this.#methods.get(key);
    if (headers === undefined) {
      headers = new MethodHeaders(requestList(this.#scheme, authority ?? this.#authority, path));
      keep(this.#methods, key, headers);
    }
    return headers;
  }
}

function keep<Key, Value>(kept: Map<Key, Value>, key: Key, value: Value): void {
  if (kept.size >= maxKept) kept.clear();
  kept.set(key, value);
}

function requestList(scheme: string, authority: string, path: string): HeaderList {
  return HeaderList.request({ method: "POST", scheme, authority, path }, [
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ["user-agent", userAgent],
    ["grpc-accept-encoding", acceptedEncodings],
  ]);
}

function fieldsFor({ metadata, previousAttempts }: OutgoingCall, compression: Compression, timeoutMs: number | undefined): HeaderField[] {
  const fields: HeaderField[] = [];
  if (timeoutMs !== undefined) fields.push(["grpc-timeout", formatTimeout(timeoutMs)]);
  if (compression !== "identity") fields.push(["grpc-encoding", compression]);
  if (previousAttempts > 0) fields.push(["grpc-previous-rpc-attempts", String(previousAttempts)]);
  if (metadata !== undefined)
    for (const field of fieldsOf(metadata)) if (isSentWithRequest(field[0]) && field[0] !== "user-agent") fields.push(field);
  return fields;
}
