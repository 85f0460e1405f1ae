// One call of a client on a grpc-js channel.
import { type Metadata as GrpcMetadata, type InterceptingListener, Metadata as NewGrpcMetadata, type StatusObject } from "@grpc/grpc-js";
import { Code, codeFrom } from "../../protocol/code.ts";
import { isGrpcType, notGrpc } from "../../protocol/content-type.ts";
import type { Status } from "../../protocol/status.ts";
import { steadyNow } from "../../steady-clock.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import { tellReceived, tellSent } from "../message-size.ts";
import type { StartedCall } from "./intercepted-call.ts";
import { fromGrpcJs, requestToGrpcJs } from "./metadata.ts";
import { explainStatus } from "./status-text.ts";
import { decompressionFailed } from "./unsupported.ts";

/** How many bytes of requests may be queued before there is no more room. */
const sendWindow = 64 * 1024;

/** A message flag: GRPC_WRITE_NO_COMPRESS of C-core. It has an effect on channels that compress. */
const noCompress = 2;

/** The channel, as its calls see it. */
export interface CallTarget {
  readonly target: string;
  readonly secure: boolean;
  /** The target in the format of grpc-js, which is also the peer of a call without a connection. */
  readonly grpcTarget: string;
}

export class GrpcJsStream implements ClientStream, InterceptingListener {
  readonly #target: CallTarget;
  readonly #call: OutgoingCall;
  readonly #listener: ClientListener;
  readonly #raw: StartedCall;
  #peer: string | undefined;
  /** The number of requested responses that have not arrived. */
  #wanted = 0;
  /**
   * The response that was read ahead. grpc-js reports the end of a response only to a reader that
   * reads on.
   */
  #ahead: Buffer | undefined;
  #status: Status | undefined;
  #answered = false;
  readonly #unsent: Buffer[] = [];
  /** The messages in `#unsent` that must not be compressed. */
  #plain: WeakSet<Buffer> | undefined;
  #unsentBytes = 0;
  #writing = false;
  #full = false;
  #halfClosed = false;
  #starting = true;
  #over = false;
  /** Fails the call if it gets no connection. */
  connectTimer: NodeJS.Timeout | undefined;

  constructor(target: CallTarget, call: OutgoingCall, listener: ClientListener, raw: StartedCall) {
    this.#target = target;
    this.#call = call;
    this.#listener = listener;
    this.#raw = raw;
  }

  start(): void {
    const { metadata, waitForReady, request } = this.#call;
    const grpcMetadata = metadata === undefined ? new NewGrpcMetadata() : requestToGrpcJs(metadata);
    if (waitForReady) grpcMetadata.setOptions({ waitForReady });
    this.#raw.start(grpcMetadata, this);
    this.#raw.startRead();
    if (request !== undefined) {
      tellSent(this.#call.onMessageSize, request.length, undefined);
      this.#raw.sendMessageWithContext({}, request);
      this.#raw.halfClose();
    }
    this.#starting = false;
  }

  get peer(): string | undefined {
    if (this.#peer === undefined) {
      const peer = this.#raw.getPeer();
      if (peer !== this.#target.grpcTarget) this.#peer = peer.startsWith("/") ? `unix:${peer}` : peer;
    }
    return this.#peer;
  }

  send(message: Buffer, compress: boolean): boolean {
    if (this.#over) return true;
    if (!compress) {
      this.#plain ??= new WeakSet();
      this.#plain.add(message);
    }
    this.#unsent.push(message);
    this.#unsentBytes += message.length + 1;
    this.#write();
    this.#full = this.#unsentBytes >= sendWindow;
    return !this.#full;
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#write();
  }

  /**
   * Writes one message at a time: without a connection, grpc-js stores a single message, and it
   * half-closes after the first of several.
   */
  #write(): void {
    if (this.#writing || this.#over) return;
    const message = this.#unsent.shift();
    if (message === undefined) {
      if (this.#halfClosed) this.#raw.halfClose();
      return;
    }
    this.#writing = true;
    const callback = () => {
      this.#writing = false;
      this.#unsentBytes -= message.length + 1;
      this.#write();
      if (!this.#full || this.#unsentBytes >= sendWindow || this.#over) return;
      this.#full = false;
      this.#listener.onDrain();
    };
    tellSent(this.#call.onMessageSize, message.length, undefined);
    this.#raw.sendMessageWithContext(this.#plain?.has(message) ? { callback, flags: noCompress } : { callback }, message);
  }

  pull(): void {
    if (this.#over) return;
    this.#wanted++;
    // Not synchronously: the caller must not be called back within `pull`.
    if (this.#ahead !== undefined && this.#wanted === 1) queueMicrotask(() => this.#deliver());
  }

  cancel(code: Code, message: string): void {
    if (this.#over) return;
    this.#end();
    this.#raw.cancelWithStatus(code, message);
    // If a call is cancelled before it has an attempt, grpc-js still starts one a few microtasks
    // later.
    if (!this.#answered) setImmediate(() => this.#raw.cancelWithStatus(code, message));
  }

  onReceiveMetadata(header: GrpcMetadata): void {
    if (this.#starting) queueMicrotask(() => this.onReceiveMetadata(header));
    else if (!this.#over) {
      this.#answered = true;
      clearTimeout(this.connectTimer);
      // A grpc-js interceptor may answer with its own metadata, which has no content type.
      const [type] = header.get("content-type");
      if (type !== undefined && !isGrpcType(String(type))) {
        const message = notGrpc(this.#call.method.path, 200, String(type));
        this.fail({ code: Code.UNKNOWN, message, metadata: undefined, cause: new Error(message) });
        return;
      }
      const metadata = fromGrpcJs(header);
      // grpc-js decompresses messages itself.
      this.#listener.onHeader(metadata.size === 0 ? undefined : metadata, "identity");
    }
  }

  onReceiveMessage(message: unknown): void {
    if (this.#starting) queueMicrotask(() => this.onReceiveMessage(message));
    else if (!this.#over) {
      if (!Buffer.isBuffer(message)) {
        this.fail({
          code: Code.INTERNAL,
          message: "an interceptor of grpc-js changed a response to a value that is not a Buffer",
          metadata: undefined,
        });
        return;
      }
      this.#ahead = message;
      this.#deliver();
    }
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#starting) queueMicrotask(() => this.onReceiveStatus(status));
    else if (!this.#over && !this.#isCallersDeadline(status)) {
      this.#status = this.#explained(status);
      this.#deliver();
    }
  }

  /** Ends the call because of a fault on this side. */
  fail(status: Status): void {
    this.cancel(status.code, status.message);
    this.#listener.onStatus(status);
  }

  #deliver(): void {
    if (this.#over) return;
    const message = this.#ahead;
    // A response without a stream is delivered even if it was not requested: more than one message
    // is a fault of the server, and must be noticed.
    if (message !== undefined && (this.#wanted > 0 || !this.#call.method.responseStream)) {
      this.#ahead = undefined;
      this.#wanted--;
      tellReceived(this.#call.onMessageSize, message.length, undefined);
      this.#listener.onMessage(message, false);
      if (!this.#over && this.#status === undefined) this.#raw.startRead();
    }
    if (this.#over || this.#ahead !== undefined || this.#status === undefined) return;
    const status = this.#status;
    this.#end();
    this.#listener.onStatus(status);
  }

  /**
   * Whether the status is left to the deadline timer of the call above, whose message says what was
   * waited for. The timer of grpc-js may fire slightly earlier.
   */
  #isCallersDeadline({ code, details }: StatusObject): boolean {
    return code === Code.DEADLINE_EXCEEDED && /^Deadline exceeded\b/.test(details) && this.#call.deadline - steadyNow() <= 2;
  }

  #explained(status: StatusObject): Status {
    const { code, details, metadata } = status;
    // grpc-js gives neither a code nor details for a response that it cannot decompress.
    if (typeof code !== "number") return decompressionFailed(this.#call.method.path);
    const trailer = fromGrpcJs(metadata);
    const { target, secure } = this.#target;
    const answered = this.#answered || trailer.size > 0;
    const explained = explainStatus(status, { path: this.#call.method.path, target, secure, answered });
    // An interceptor of grpc-js may leave out the details.
    return explained ?? { code: codeFrom(code), message: details ?? "", metadata: trailer };
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.connectTimer);
    this.#unsent.length = 0;
    this.#ahead = undefined;
  }
}
