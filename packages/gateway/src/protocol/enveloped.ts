// Calls whose messages are in envelopes: streams of Connect, and all calls of gRPC-Web. The protocols
// differ in their headers, in flags, and in the end of the response.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { Code, type Metadata, RpcError } from "@grpc-study/rpc";
import { encodingOf } from "../http/body.ts";
import { compress } from "../http/compress.ts";
import { inflate } from "../http/inflate.ts";
import type { Responses } from "../route.ts";
import type { RpcMethod } from "../routes.ts";
import { decompress, type Encoding, isWorthCompressing } from "./encodings.ts";
import { compressedFlag, envelope } from "./envelope.ts";
import type { Format } from "./format.ts";
import { formOf, type MethodForm } from "./method-form.ts";
import { type RequestDecoder, RequestMessages } from "./request-messages.ts";
import { RpcExchange } from "./rpc-exchange.ts";
import { readSingle } from "./single-request.ts";

/** What a call's headers say. */
export interface Framing {
  /** The client's time limit, in milliseconds. */
  readonly timeoutMs: number | undefined;
  /** How requests are compressed, and how responses are. */
  readonly requestEncoding: Encoding | undefined;
  readonly responseEncoding: Encoding | undefined;
}

/** Number of responses after which the event loop gets a turn. */
const turnEvery = 64;

export abstract class EnvelopedExchange extends RpcExchange {
  #ended = false;

  /**
   * Reads the headers.
   *
   * @throws RpcError if one is malformed.
   */
  protected abstract framing(): Framing;

  /** The header that names the encoding of compressed responses. */
  protected abstract readonly encodingHeader: string;

  /** A decoder for a body of text. `undefined` for a binary body. */
  protected abstract text(): RequestDecoder<Message>["text"];

  /** Encodes a part of the body: base64 for text. */
  protected abstract body(bytes: Buffer): string | Buffer;

  /** The last envelope of the response. */
  protected abstract end(trailer: Metadata | undefined, error: RpcError | undefined): Buffer;

  /** Serves the call. Never rejects. */
  async serve(method: RpcMethod, format: Format): Promise<void> {
    try {
      const framing = this.framing();
      this.limitTime(framing.timeoutMs);
      if (framing.responseEncoding !== undefined) this.headers[this.encodingHeader] = framing.responseEncoding;
      const authorized = this.authorize(method.method, this.protocol, method.timeoutMs);
      if (authorized !== undefined) await authorized;
      await this.#call(formOf(method, format), framing, method.timeoutMs);
    } catch (error) {
      this.fail(error);
    }
  }

  async #call({ calls, encode, decode }: MethodForm, framing: Framing, limitMs: number): Promise<void> {
    const { request, settings } = this;
    const { requestEncoding, responseEncoding } = framing;
    const decoder: RequestDecoder<Message> = {
      text: this.text(),
      decode: (bytes, flags) => {
        if (flags === 0) return decode(bytes);
        checkFlags(flags, requestEncoding);
        return decompress(bytes, requestEncoding, settings.bodyLimit).then(decode);
      },
    };
    const encoding = encodingOf(request.headers);
    const { body: content } = request;
    const body = content !== undefined && encoding === "gzip" ? inflate(content) : content;
    const wrap = (message: Message) => wrapped(encode(message), responseEncoding);
    switch (calls.kind) {
      case "unary": {
        const message = await readSingle(body, decoder, this.bodyLimits);
        const response = await calls.call(message, this.callOptions(limitMs));
        this.#sendOne(await wrap(response));
        return;
      }
      case "client_streaming": {
        const options = this.callOptions(limitMs);
        const response = await calls.call(new RequestMessages(request, body, decoder, settings), options);
        this.#sendOne(await wrap(response));
        return;
      }
      case "server_streaming": {
        const message = await readSingle(body, decoder, this.bodyLimits);
        await this.#sendAll(calls.call(message, this.callOptions(limitMs)), wrap);
        return;
      }
      case "bidi_streaming": {
        const options = this.callOptions(limitMs);
        await this.#sendAll(calls.call(new RequestMessages(request, body, decoder, settings), options), wrap);
      }
    }
  }

  /** Sends a whole response with one message. */
  #sendOne(message: Buffer): void {
    this.#ended = true;
    this.send(200, this.body(Buffer.concat([message, this.end(this.trailerMetadata, undefined)])));
  }

  async #sendAll(responses: Responses, wrap: (message: Message) => Buffer | Promise<Buffer>): Promise<void> {
    const { response } = this;
    // A client may wait for the header before it sends more.
    responses.header().then(
      () => this.#startOnce(),
      () => {},
    );
    let turns = 0;
    try {
      for (;;) {
        const message = await responses.recv();
        if (message === undefined) break;
        const wrapping = wrap(message);
        const bytes = wrapping instanceof Buffer ? wrapping : await wrapping;
        this.#startOnce();
        if (!response.write(this.body(bytes))) await response.drained();
        // An in-process upstream with a fast reader would starve other calls.
        else if (++turns % turnEvery === 0) await nextTurn();
        if (response.closed) return;
      }
      this.#finish(undefined);
    } finally {
      responses.cancel();
    }
  }

  #startOnce(): void {
    if (!this.response.started && !this.#ended) this.start(200);
  }

  /** Sends the end of the response, and its beginning if that has not been sent. */
  #finish(error: RpcError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const last = this.body(this.end(this.trailerMetadata, error));
    if (!this.response.started) {
      this.send(200, last);
      return;
    }
    this.response.write(last);
    this.response.end();
  }

  protected override respondWith(error: RpcError): void {
    this.#finish(error);
  }
}

function wrapped(message: string | Buffer, encoding: Encoding | undefined): Buffer | Promise<Buffer> {
  if (encoding === undefined || !isWorthCompressing(message)) return envelope(0, message);
  return compress(message, encoding).then((bytes) => envelope(compressedFlag, bytes));
}

/** @throws RpcError INVALID_ARGUMENT for flags that a request must not have. */
function checkFlags(flags: number, encoding: Encoding | undefined): asserts encoding is Encoding {
  if (flags !== compressedFlag)
    throw new RpcError(Code.INVALID_ARGUMENT, `a message has the flags 0x${flags.toString(16).padStart(2, "0")}`);
  if (encoding === undefined) throw new RpcError(Code.INTERNAL, "a message is compressed, but no header names its encoding");
}
