// A unary call of Connect, by POST or GET (https://connectrpc.com/docs/protocol/#unary-request-response-rpcs).
import type { Registry } from "@bufbuild/protobuf";
import { Code, RpcError } from "@grpc-study/rpc";
import { endOfTurn } from "../end-of-turn.ts";
import type { Settings } from "../exchange.ts";
import { quote } from "../fields/invalid-field.ts";
import { compress } from "../http/compress.ts";
import { HttpError } from "../http/errors.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import { httpStatus } from "../http/status.ts";
import { addHeader } from "../http-exchange.ts";
import { decompress, type Encoding, encodingNamed, isWorthCompressing, preferredEncoding } from "../protocol/encodings.ts";
import type { Format } from "../protocol/format.ts";
import { formOf } from "../protocol/method-form.ts";
import { addMetadata } from "../protocol/response-metadata.ts";
import { RpcExchange } from "../protocol/rpc-exchange.ts";
import { readWhole } from "../protocol/single-request.ts";
import type { CallsOf } from "../route.ts";
import type { RpcMethod } from "../routes.ts";
import { errorBody } from "./error.ts";
import { readGetRequest } from "./get-request.ts";
import { checkVersion, timeoutOf } from "./request-headers.ts";

export class ConnectUnary extends RpcExchange {
  override readonly protocol = "connect";
  readonly #registry: Registry | undefined;
  /** The HTTP status of an error. Default: that of its code. */
  #status: number | undefined;

  /** @param registry types of error details. */
  constructor(request: HttpRequest, response: HttpResponse, settings: Settings, registry: Registry | undefined) {
    super(request, response, settings);
    this.#registry = registry;
  }

  /** Serves a POST. Never rejects. */
  async post(method: RpcMethod, format: Format): Promise<void> {
    try {
      const { headers } = this.request;
      checkVersion(headers);
      this.limitTime(timeoutOf(headers));
      const encoding = encodingNamed("the header content-encoding", headers["content-encoding"]);
      const authorized = this.authorize(method.method, this.protocol, method.timeoutMs);
      if (authorized !== undefined) await authorized;
      const body = readWhole(this.request, this.bodyLimits);
      const bytes = body instanceof Promise ? await body : body;
      await this.#call(method, format, bytes, encoding);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Serves a GET or HEAD. Never rejects. */
  async get(method: RpcMethod): Promise<void> {
    try {
      // The response depends on it, and caches may keep the response.
      addHeader(this.headers, "vary", "accept-encoding");
      const { encoding: format, compression, message } = readGetRequest(this.request.query);
      if (format !== "json" && format !== "proto") {
        this.reject(415, new RpcError(Code.UNKNOWN, `the query parameter encoding must be json or proto, got ${quote(format)}`));
        return;
      }
      const encoding = encodingNamed("the query parameter compression", compression);
      this.limitTime(timeoutOf(this.request.headers));
      const authorized = this.authorize(method.method, this.protocol, method.timeoutMs);
      if (authorized !== undefined) await authorized;
      await this.#call(method, format, message, encoding);
    } catch (error) {
      this.fail(error);
    }
  }

  async #call(method: RpcMethod, format: Format, body: Buffer, encoding: Encoding | undefined): Promise<void> {
    const { headers } = this.request;
    const form = formOf(method, format);
    const bytes = encoding === undefined ? body : await decompress(body, encoding, this.settings.bodyLimit);
    const { call } = form.calls as CallsOf<"unary">;
    const request = form.decode(bytes);
    await endOfTurn();
    const response = await call(request, this.callOptions(method.timeoutMs)).catch((error: unknown) => {
      throw blamed(RpcError.from(error), () => form.isRequest(bytes));
    });
    const content = form.encode(response);
    if (this.trailerMetadata !== undefined) addMetadata(this.headers, this.trailerMetadata, "trailer-");
    this.headers["content-type"] = format === "json" ? "application/json" : "application/proto";
    const accepted = isWorthCompressing(content) ? preferredEncoding(headers["accept-encoding"], encoding) : undefined;
    if (accepted === undefined) this.send(200, content);
    else {
      const compressed = await compress(content, accepted);
      this.headers["content-encoding"] = accepted;
      this.send(200, compressed);
    }
  }

  /** Responds with an error that has an HTTP status of its own. */
  reject(status: number, error: RpcError, headers: Readonly<Record<string, string>> = {}): void {
    this.#status = status;
    this.fail(new HttpError(status, error.code, error.message, headers));
  }

  protected override respondWith(error: RpcError): void {
    if (this.response.started) {
      this.response.abort();
      return;
    }
    if (this.trailerMetadata !== undefined) addMetadata(this.headers, this.trailerMetadata, "trailer-");
    delete this.headers["content-encoding"];
    this.headers["content-type"] = "application/json";
    this.send(this.#status ?? httpStatus(error.code), errorBody(error, this.#registry));
  }
}

/**
 * The error of a call whose message the gateway has not decoded. A gRPC server answers a malformed
 * message with INTERNAL, and Connect has INVALID_ARGUMENT for it.
 */
function blamed(error: RpcError, isRequest: () => boolean): RpcError {
  if (error.code !== Code.INTERNAL || isRequest()) return error;
  const { message, details, metadata } = error;
  return new RpcError(Code.INVALID_ARGUMENT, message, { details, metadata });
}
