// Compression in a server: what grpc-js leaves out.
//
// grpc-js 1.14 inflates requests, and never compresses a response: `serializeMessage` of its server's calls writes a 0 into every message's flag ("response
// compression is currently not supported"). It hides from handlers what the caller accepts and whether a request came compressed, and takes a message for
// a plain one whose flag says "compressed" while the header does not. Each of these is one private method; they are replaced here, for each call of a server.
import type { Metadata, Server, ServerOptions } from "@grpc/grpc-js";
import { Code } from "../code.ts";
import { toMetadata } from "../metadata.ts";
import { acceptedEncodings, accepts, type Compression, type Refusal } from "./algorithm.ts";
import { Frames, readFrame, writeFrame } from "./frame.ts";

const defaultMaxReceiveBytes = 4 * 1024 * 1024;

/** What a caller's `grpc-accept-encoding` says, by the request's metadata. */
const callers = new WeakMap<Metadata, string>();

/** What callers of this `metadata` take of the algorithm asked for: that, or none. */
export function acceptedBy(metadata: Metadata, algorithm: Compression): Compression {
  return accepts(callers.get(metadata) ?? "", algorithm) ? algorithm : "identity";
}

/** The private parts of `BaseServerInterceptingCall`. */
interface BaseCall {
  readonly metadata: Metadata;
  /** The request's `grpc-encoding`, or `identity`. */
  readonly incomingEncoding: string;
  readonly handler: { serialize(response: unknown): Buffer };
  serializeMessage(response: unknown): Buffer;
  decompressMessage(frame: Buffer): Buffer | Promise<Buffer>;
}

type HandleStream = (interceptors: readonly unknown[], stream: unknown, headers: Readonly<Record<string, unknown>>) => void;

/** The private parts of `Server`: what it gives to Node's http2 as listeners. */
interface StreamHandlers {
  _streamHandler: HandleStream;
  _channelzHandler: HandleStream;
}

/** Lets the calls of a server compress their responses, and know of their requests what there is to know. Before it listens. */
export function enableCompression(server: Server, options: ServerOptions = {}): void {
  const limit = options["grpc.max_receive_message_length"] ?? defaultMaxReceiveBytes;

  function serializeMessage(this: BaseCall, response: unknown): Buffer {
    return response instanceof Frames ? response.join() : writeFrame(this.handler.serialize(response));
  }

  function decompressMessage(this: BaseCall, frame: Buffer): Buffer | Promise<Buffer> {
    const bytes = readFrame(frame, this.incomingEncoding, Code.UNIMPLEMENTED, limit);
    if (Buffer.isBuffer(bytes)) return bytes;
    return bytes.catch((refusal: Refusal) => {
      if (refusal.code !== Code.UNIMPLEMENTED) throw refusal;
      // compression.md: whoever is told that its compression is not supported has to learn which is.
      throw { ...refusal, metadata: toMetadata({ "grpc-accept-encoding": acceptedEncodings }) };
    });
  }

  const handlers = server as unknown as StreamHandlers;
  for (const name of ["_streamHandler", "_channelzHandler"] as const) {
    const handle = handlers[name];
    handlers[name] = function (this: StreamHandlers, interceptors, stream, headers) {
      // The first interceptor is the one that is given grpc-js's own call.
      const own = (_definition: unknown, call: BaseCall) => {
        const encodings = headers["grpc-accept-encoding"];
        if (encodings !== undefined) callers.set(call.metadata, String(encodings));
        return Object.assign(call, { serializeMessage, decompressMessage });
      };
      handle.call(this, [own, ...interceptors], stream, headers);
    };
  }
}
