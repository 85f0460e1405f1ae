// A stream of Connect (https://connectrpc.com/docs/protocol/#streaming-rpcs).
import type { Registry } from "@bufbuild/protobuf";
import type { Metadata, RpcError } from "@grpc-study/rpc";
import type { Settings } from "../exchange.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import { encodingNamed, preferredEncoding, supportedEncodings } from "../protocol/encodings.ts";
import { envelope } from "../protocol/envelope.ts";
import { EnvelopedExchange, type Framing } from "../protocol/enveloped.ts";
import type { Format } from "../protocol/format.ts";
import { endOfStream } from "./error.ts";
import { checkVersion, timeoutOf } from "./request-headers.ts";

/** The flag of the last message of a response. */
const endFlag = 0x02;

export class ConnectStream extends EnvelopedExchange {
  override readonly protocol = "connect";
  protected override readonly encodingHeader = "connect-content-encoding";
  readonly #registry: Registry | undefined;

  /** @param registry types of error details. */
  constructor(request: HttpRequest, response: HttpResponse, settings: Settings, format: Format, registry: Registry | undefined) {
    super(request, response, settings);
    this.#registry = registry;
    this.headers["content-type"] = `application/connect+${format}`;
    this.headers["connect-accept-encoding"] = supportedEncodings;
  }

  protected override framing(): Framing {
    const { headers } = this.request;
    checkVersion(headers);
    const requestEncoding = encodingNamed("the header connect-content-encoding", headers["connect-content-encoding"]);
    return {
      timeoutMs: timeoutOf(headers),
      requestEncoding,
      responseEncoding: preferredEncoding(headers["connect-accept-encoding"], requestEncoding),
    };
  }

  protected override text(): undefined {
    return undefined;
  }

  protected override body(bytes: Buffer): Buffer {
    return bytes;
  }

  protected override end(trailer: Metadata | undefined, error: RpcError | undefined): Buffer {
    return envelope(endFlag, endOfStream(trailer, error, this.#registry));
  }
}
