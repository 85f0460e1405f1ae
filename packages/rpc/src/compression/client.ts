// Compression in a client: a filter in the place of grpc-js's own.
//
// grpc-js 1.14 compresses what a channel sends by one algorithm for all of its calls, falls back to none after the first response of a server that writes
// `identity, deflate, gzip` with spaces, as C-core does, says nothing of whether a response came compressed, and ends a call without a status code when a
// flag says "compressed" and the header does not. Its filters are set in one private field of a channel; `experimental` has their types.
import { type ChannelInterface, type ChannelOptions, experimental, type Metadata, type StatusObject } from "@grpc/grpc-js";
import { resetOnly } from "../client/reset.ts";
import { type CallState, StartedMetadata } from "../client/started-metadata.ts";
import { Code } from "../protocol/code.ts";
import { RpcError } from "../protocol/error.ts";
import { acceptedEncodings, accepts, type Compression, compress, isCompression, type Refusal } from "../protocol/compression.ts";
import { Frames, readFrame, writeFrame } from "../protocol/frame.ts";

type WriteObject = Awaited<ReturnType<experimental.Filter["sendMessage"]>>;

/** What says, between a call and the filter, how the call's messages are compressed. C-core has it under this name; it never goes over the wire. */
const requestKey = "grpc-internal-encoding-request";

/** A const enum of grpc-js, which cannot be imported: `WriteFlags.NoCompress`. */
export const noCompress = 2;

/** By their numbers in grpc-js's `compressionAlgorithms`. */
const grpcAlgorithms: readonly Compression[] = ["identity", "deflate", "gzip"];

const defaultMaxReceiveBytes = 4 * 1024 * 1024;

/** The channels whose calls choose their compression. */
const channels = new WeakSet<ChannelInterface>();

/** Lets the calls of a channel choose their compression. */
export function enableCompression(channel: ChannelInterface, options: ChannelOptions): void {
  const { internalChannel } = channel as unknown as { internalChannel: { filterStackFactory: experimental.FilterStackFactory } };
  const shared: ChannelCompression = {
    fallback: grpcAlgorithms[options["grpc.default_compression_algorithm"] ?? 0] ?? "identity",
    maxReceiveBytes: options["grpc.max_receive_message_length"] ?? defaultMaxReceiveBytes,
    maxSendBytes: options["grpc.max_send_message_length"] ?? -1,
    accepted: undefined,
  };
  const factory = { createFilter: () => new CompressionFilter(shared) };
  internalChannel.filterStackFactory = new experimental.FilterStackFactory([factory]);
  channels.add(channel);
}

/** The metadata of a call whose requests are to be compressed. Throws an RpcError if the channel does not let its calls choose. */
export function requestCompression(channel: ChannelInterface, metadata: Metadata, algorithm: Compression): Metadata {
  if (!isCompression(algorithm)) throw new RpcError(Code.INVALID_ARGUMENT, `no such compression: ${String(algorithm)}`);
  if (!channels.has(channel)) {
    if (algorithm === "identity") return metadata;
    throw new RpcError(Code.UNIMPLEMENTED, "a channel of grpc-js has its own compression: make the channel with createChannel()");
  }
  const asking = metadata.clone();
  asking.set(requestKey, algorithm);
  return asking;
}

/** What the calls of a channel share. */
interface ChannelCompression {
  /** For calls that choose nothing. */
  readonly fallback: Compression;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** What the peer takes, once it has said so. */
  accepted: string | undefined;
}

/** Whether the calls of a channel take `Frames` where grpc-js has a message. */
export function takesFrames(channel: ChannelInterface): boolean {
  return channels.has(channel);
}

/** Not a literal: it has a call's message (see client/call.ts). */
class Written implements WriteObject {
  readonly message: Buffer;
  readonly flags: number;

  constructor(message: Buffer, flags: number) {
    this.message = message;
    this.flags = flags;
  }
}

class CompressionFilter implements experimental.Filter {
  readonly #channel: ChannelCompression;
  #call: CallState | undefined;
  #algorithm: Compression = "identity";
  #responseEncoding = "identity";

  constructor(channel: ChannelCompression) {
    this.#channel = channel;
  }

  async sendMetadata(promise: Promise<Metadata>): Promise<Metadata> {
    const metadata = await promise;
    if (metadata instanceof StartedMetadata) this.#call = metadata.state;
    // grpc-js would make a stream for it all the same, which nobody would end.
    if (this.#call?.over) throw { code: Code.CANCELLED, details: "the call was cancelled before it was sent" } satisfies Refusal;
    const [asked = this.#channel.fallback] = metadata.get(requestKey);
    const { accepted } = this.#channel;
    if (isCompression(asked) && (accepted === undefined || accepts(accepted, asked))) this.#algorithm = asked;
    metadata.remove(requestKey);
    if (this.#algorithm === "identity") metadata.remove("grpc-encoding");
    else metadata.set("grpc-encoding", this.#algorithm);
    metadata.set("grpc-accept-encoding", acceptedEncodings);
    return metadata;
  }

  receiveMetadata(metadata: Metadata): Metadata {
    const [encoding] = metadata.get("grpc-encoding");
    if (encoding !== undefined) this.#responseEncoding = String(encoding);
    this.#learn(metadata);
    metadata.remove("grpc-encoding");
    metadata.remove("grpc-accept-encoding");
    return metadata;
  }

  async sendMessage(promise: Promise<WriteObject>): Promise<WriteObject> {
    const { message, flags = 0 } = (await promise) as { message: Buffer | Frames; flags?: number };
    const messages = message instanceof Frames ? message.messages : [message];
    for (const one of messages) this.#check(one);
    if (this.#algorithm !== "identity" && (flags & noCompress) === 0) {
      return new Written(Buffer.concat(await Promise.all(messages.map((one) => this.#compress(one)))), flags);
    }
    return new Written(message instanceof Frames ? message.join() : writeFrame(message, false), flags);
  }

  async #compress(message: Buffer): Promise<Buffer> {
    const bytes = await compress(message, this.#algorithm);
    return writeFrame(bytes, bytes !== message);
  }

  #check(message: Buffer): void {
    const { maxSendBytes } = this.#channel;
    if (maxSendBytes === -1 || message.length <= maxSendBytes) return;
    if (this.#call?.raw !== undefined) resetOnly(this.#call.raw);
    const details = `a request has ${message.length} bytes, and maxSendMessageBytes is ${maxSendBytes}`;
    throw { code: Code.RESOURCE_EXHAUSTED, details } satisfies Refusal;
  }

  async receiveMessage(frame: Promise<Buffer>): Promise<Buffer> {
    return readFrame(await frame, this.#responseEncoding, Code.INTERNAL, this.#channel.maxReceiveBytes);
  }

  receiveTrailers(status: StatusObject): StatusObject {
    // A response without a header has it here: so says a server that has been sent what it cannot inflate.
    this.#learn(status.metadata);
    return status;
  }

  #learn(metadata: Metadata): void {
    const encodings = metadata.get("grpc-accept-encoding");
    if (encodings.length > 0) this.#channel.accepted = encodings.join(",");
  }
}
