// A call of gRPC-Web (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md). The end is always
// an envelope in the body: pages of other origins can read it without more headers of CORS.
import type { Metadata, RpcError } from "@grpc-study/rpc";
import type { Settings } from "../exchange.ts";
import { timeoutOf } from "../http/headers.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import { encodingNamed, preferredEncoding, supportedEncodings } from "../protocol/encodings.ts";
import { EnvelopedExchange, type Framing } from "../protocol/enveloped.ts";
import { Base64Reader } from "./base64-reader.ts";
import { type ContentType, responseTypeOf } from "./content-type.ts";
import { trailers } from "./trailers.ts";

export class GrpcWebExchange extends EnvelopedExchange {
  override readonly protocol = "grpc-web";
  protected override readonly encodingHeader = "grpc-encoding";
  readonly #requestType: ContentType;
  /** Whether the response is base64. */
  readonly #isText: boolean;

  constructor(request: HttpRequest, response: HttpResponse, settings: Settings, type: ContentType) {
    super(request, response, settings);
    const responseType = responseTypeOf(type, request.headers["accept"]);
    this.#requestType = type;
    this.#isText = responseType.text;
    this.headers["content-type"] = responseType.name;
    this.headers["grpc-accept-encoding"] = supportedEncodings;
  }

  protected override framing(): Framing {
    const { headers } = this.request;
    const requestEncoding = encodingNamed("the header grpc-encoding", headers["grpc-encoding"]);
    return {
      timeoutMs: timeoutOf(headers),
      requestEncoding,
      responseEncoding: preferredEncoding(headers["grpc-accept-encoding"], undefined),
    };
  }

  protected override text(): Base64Reader | undefined {
    return this.#requestType.text ? new Base64Reader() : undefined;
  }

  protected override body(bytes: Buffer): string | Buffer {
    return this.#isText ? bytes.toString("base64") : bytes;
  }

  protected override end(trailer: Metadata | undefined, error: RpcError | undefined): Buffer {
    return trailers(trailer, error);
  }
}
