// An exchange whose response is HTTP, and its line in the access log.

import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type Metadata, RpcError } from "@grpc-study/rpc";
import { Exchange, type MutableHeaders, type Settings } from "./exchange.ts";
import { type CheckedResponse, checkedResponse } from "./hook-results.ts";
import type { HttpRequest, HttpResponse, ResponseHeaders } from "./http/message.ts";
import { httpStatus } from "./http/status.ts";
import type { Protocol } from "./protocols.ts";
import type { UpstreamCall } from "./route.ts";

const noHeaders: ResponseHeaders = {};

/** An exchange whose response is HTTP. Protocols derive from it. */
export class HttpExchange extends Exchange {
  readonly response: HttpResponse;
  /** The protocol, for the access log. */
  readonly protocol: Protocol = "rest";
  /** The headers that `send` and `start` send. */
  readonly headers: MutableHeaders;
  /** Set to omit the request from the access log. */
  silent = false;
  /** The HTTP status that was sent. */
  #sent = 0;

  constructor(request: HttpRequest, response: HttpResponse, settings: Settings) {
    super(request, settings);
    this.response = response;
    this.headers = { ...settings.headers, "x-request-id": request.requestId };
    settings.filter?.(request, this.headers);
    const { logger } = settings;
    if (logger === undefined && this.observation === undefined) response.onClose = (complete) => this.#close(complete);
    else {
      const began = performance.now();
      // Read now: the address is unknown once the connection is closed.
      const [peer] = request.addresses;
      response.onClose = (complete) => {
        this.#close(complete);
        const code = complete ? this.code : Code.CANCELLED;
        const status = this.#sent || httpStatus(code);
        this.observeEnd(this.protocol, code, status);
        if (this.silent || logger === undefined) return;
        const { method, path, requestId: reqId } = request;
        const durationMs = Math.round((performance.now() - began) * 1000) / 1000;
        const fields = { reqId, method, path, protocol: this.protocol, status, grpc: Code[code], durationMs, peer };
        logger.info({ ...fields, ...this.observation?.logFields }, "request");
      };
    }
  }

  #close(complete: boolean): void {
    if (complete) this.release();
    else this.cancel();
  }

  override begin(metadata: Metadata, limitMs: number): UpstreamCall {
    const options = super.begin(metadata, limitMs);
    // The client may have gone while the body arrived.
    if (this.response.closed) this.cancel();
    return options;
  }

  /** Sends a whole response with the headers. */
  send(status: number, body?: string | Uint8Array): void {
    if (this.response.started) return;
    this.#sent = status;
    this.response.send(status, this.headers, body);
  }

  /** Sends the status and the headers. `response.write` and `response.end` follow. */
  start(status: number): void {
    this.#sent = status;
    this.response.start(status, this.headers);
  }

  /** The trailer of the call as headers of an error response. */
  get trailer(): ResponseHeaders {
    return noHeaders;
  }

  /** The method of the upstream, once it is known. */
  get method(): DescMethod | undefined {
    return undefined;
  }

  /** Sends the response of a hook. */
  sendCustom({ status, headers, body, isJson }: CheckedResponse, defaultStatus: number): void {
    for (const name in headers) addHeader(this.headers, name, headers[name] ?? "");
    if (isJson) this.headers["content-type"] ??= "application/json";
    this.send(status ?? defaultStatus, body);
  }

  /** Ends with an error: a google.rpc.Status as JSON. Aborts a response that has been started. */
  fail(thrown: unknown): void {
    const error = RpcError.from(thrown);
    this.log(error);
    this.code = error.code;
    if (this.response.started) {
      this.response.abort();
      return;
    }
    const { status, headers, body } = this.settings.errors.response(error);
    for (const name in headers) {
      // HTTP/2 forbids it (RFC 9113, section 8.2.2) and ends the stream anyway.
      if (name !== "connection" || this.request.version < 2) this.headers[name] = headers[name] ?? "";
    }
    // A header that the upstream sets takes precedence over the gateway's default.
    addHeaders(this.headers, this.trailer);
    const custom = this.#customError(error, status, body);
    if (custom !== undefined) {
      this.sendCustom(custom, status);
      return;
    }
    this.headers["content-type"] = "application/json";
    this.send(status, body);
  }

  #customError(error: RpcError, status: number, body: string): CheckedResponse | undefined {
    const { request, method, settings } = this;
    const { error: hook } = settings.hooks;
    try {
      return hook && checkedResponse("error", hook(error, { request, method, status, body }));
    } catch (thrown) {
      this.log(RpcError.from(thrown));
      return undefined;
    }
  }

  override abort(): void {
    this.response.abort();
  }
}

/** Adds headers. `set-cookie` and `vary` are added to those that exist. */
export function addHeaders(headers: MutableHeaders, more: ResponseHeaders): void {
  for (const name in more) addHeader(headers, name, more[name] ?? "");
}

export function addHeader(headers: MutableHeaders, name: string, value: string | readonly string[]): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (name === "vary") headers[name] = `${before}, ${value}`;
  else if (name === "set-cookie") headers[name] = [before, value].flat();
  else headers[name] = value;
}
