// One call of a client on a channel of grpc-js.
import { type Metadata as GrpcMetadata, type InterceptingListener, Metadata as NewGrpcMetadata, type StatusObject } from "@grpc/grpc-js";
import { Code, codeFrom } from "../../protocol/code.ts";
import { isGrpcType, notGrpc } from "../../protocol/content-type.ts";
import type { Status } from "../../protocol/status.ts";
import type { ClientListener, ClientStream, OutgoingCall } from "../client.ts";
import type { StartedCall } from "./intercepted-call.ts";
import { fromGrpcJs, requestToGrpcJs } from "./metadata.ts";
import { explainStatus } from "./status-text.ts";
import { notInflated } from "./unsupported.ts";

/** How many bytes of requests may be taken before those ahead of them are written. */
const sendWindow = 64 * 1024;

/** Of a message's `flags`: GRPC_WRITE_NO_COMPRESS of C-core. It counts on channels that compress. */
const noCompress = 2;

/** What the calls of a channel know of it. */
export interface CallTarget {
  readonly target: string;
  readonly secure: boolean;
  /** The target as grpc-js gives it: also the peer of a call that has no connection. */
  readonly grpcTarget: string;
}

export class GrpcJsStream implements ClientStream, InterceptingListener {
  readonly #target: CallTarget;
  readonly #call: OutgoingCall;
  readonly #listener: ClientListener;
  readonly #raw: StartedCall;
  #peer: string | undefined;
  /** Responses that were asked for, and have not come. */
  #wanted = 0;
  /** The response that was read ahead. grpc-js tells that a response has ended only to who reads on. */
  #ahead: Buffer | undefined;
  #status: Status | undefined;
  #answered = false;
  readonly #unsent: Buffer[] = [];
  /** What of it is not to be compressed. */
  #plain: WeakSet<Buffer> | undefined;
  #unsentBytes = 0;
  #writing = false;
  #full = false;
  #halfClosed = false;
  #starting = true;
  #over = false;
  /** Ends the call if it has no connection. */
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

  /** One at a time: grpc-js keeps a single message while it has no connection, and half-closes after the first of several. */
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
    this.#raw.sendMessageWithContext(this.#plain?.has(message) ? { callback, flags: noCompress } : { callback }, message);
  }

  pull(): void {
    if (this.#over) return;
    this.#wanted++;
    // Never within the caller's own call.
    if (this.#ahead !== undefined && this.#wanted === 1) queueMicrotask(() => this.#deliver());
  }

  cancel(code: Code, message: string): void {
    if (this.#over) return;
    this.#end();
    this.#raw.cancelWithStatus(code, message);
    // grpc-js begins an attempt all the same, a few microtasks after a call was cancelled that has none yet.
    if (!this.#answered) setImmediate(() => this.#raw.cancelWithStatus(code, message));
  }

  onReceiveMetadata(header: GrpcMetadata): void {
    if (this.#starting) queueMicrotask(() => this.onReceiveMetadata(header));
    else if (!this.#over) {
      this.#answered = true;
      clearTimeout(this.connectTimer);
      // An interceptor of grpc-js may answer with metadata of its own, which has no content type.
      const [type] = header.get("content-type");
      if (type !== undefined && !isGrpcType(String(type))) {
        const message = notGrpc(this.#call.method.path, 200, String(type));
        this.fail({ code: Code.UNKNOWN, message, metadata: undefined, cause: new Error(message) });
        return;
      }
      const metadata = fromGrpcJs(header);
      this.#listener.onHeader(metadata.size === 0 ? undefined : metadata);
    }
  }

  onReceiveMessage(message: unknown): void {
    if (this.#starting) queueMicrotask(() => this.onReceiveMessage(message));
    else if (!this.#over) {
      if (!Buffer.isBuffer(message)) {
        this.fail({
          code: Code.INTERNAL,
          message: "an interceptor of grpc-js changed a response into what is no Buffer",
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
    else if (!this.#over && !this.#leftToCaller(status)) {
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
    // Of a response that has one message, all are delivered: their number is a fault of the server, which is not to wait to be asked for.
    if (message !== undefined && (this.#wanted > 0 || !this.#call.method.responseStream)) {
      this.#ahead = undefined;
      this.#wanted--;
      this.#listener.onMessage(message, false);
      if (!this.#over && this.#status === undefined) this.#raw.startRead();
    }
    if (this.#over || this.#ahead !== undefined || this.#status === undefined) return;
    const status = this.#status;
    this.#end();
    this.#listener.onStatus(status);
  }

  /** The deadline's timer is that of the call above, which says what was waited for. grpc-js's may fire a moment earlier. */
  #leftToCaller({ code, details }: StatusObject): boolean {
    return code === Code.DEADLINE_EXCEEDED && /^Deadline exceeded\b/.test(details) && this.#call.deadline - Date.now() <= 2;
  }

  #explained(status: StatusObject): Status {
    const { code, details, metadata } = status;
    // Of a response that it cannot inflate, grpc-js tells neither code nor text.
    if (typeof code !== "number") return notInflated(this.#call.method.path);
    const trailer = fromGrpcJs(metadata);
    const { target, secure } = this.#target;
    const answered = this.#answered || trailer.size > 0;
    const explained = explainStatus(status, { path: this.#call.method.path, target, secure, answered });
    // An interceptor of grpc-js may give none.
    return explained ?? { code: codeFrom(code), message: details ?? "", metadata: trailer };
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.connectTimer);
    this.#unsent.length = 0;
    this.#ahead = undefined;
  }
}
