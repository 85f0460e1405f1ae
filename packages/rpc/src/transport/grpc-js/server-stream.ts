// One call on a grpc-js server: the handler's stream.
import {
  Metadata as GrpcMetadata,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Linked } from "../../linked-set.ts";
import { LongTimer } from "../../long-timer.ts";
import { Code } from "../../protocol/code.ts";
import type { Compression } from "../../protocol/compression.ts";
import { isRequestMetadata } from "../../protocol/fields.ts";
import { fitStatus } from "../../protocol/fit-status.ts";
import { hostPort } from "../../protocol/host-port.ts";
import type { Metadata } from "../../protocol/metadata.ts";
import type { Status } from "../../protocol/status.ts";
import { type ClientCertificate, clientCertificate } from "../../security/peer-certificate.ts";
import { steadyNow, toSteadyTime } from "../../steady-clock.ts";
import { type MessageObserver, tellReceived, tellSent } from "../message-size.ts";
import type { ServedMethod, ServerListener, ServerStream, UnsentCall } from "../server.ts";
import { copyOf, toGrpcJs } from "./metadata.ts";
import { RequestReader } from "./request-reader.ts";
import { unsupportedCertificates } from "./unsupported.ts";

/** The members that the call objects of all four kinds share. */
type GrpcJsCall = Pick<
  ServerUnaryCall<Buffer, Buffer>,
  "metadata" | "getPeer" | "getDeadline" | "getAuthContext" | "getHost" | "sendMetadata"
> & {
  on(event: "cancelled", listener: () => void): unknown;
};
type Readable = ServerReadableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;
type Writable = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** The arguments of a grpc-js handler, for all four kinds of methods. */
export interface HandlerArguments {
  readonly call: GrpcJsCall;
  /** The requests of a stream. */
  readonly readable?: Readable;
  /** The only request. */
  readonly request?: Buffer;
  /** The responses of a stream. */
  readonly writable?: Writable;
  /** Takes the only response. */
  readonly respond?: sendUnaryData<Buffer>;
}

const cancelled: Status = { code: Code.CANCELLED, message: "the caller cancelled the call", metadata: undefined };
const timeUp: Status = { code: Code.DEADLINE_EXCEEDED, message: "deadline exceeded", metadata: undefined };

export class GrpcJsServerStream implements ServerStream, UnsentCall, Linked<GrpcJsServerStream> {
  readonly #args: HandlerArguments;
  readonly #method: ServedMethod;
  #listener: ServerListener | undefined;
  #requests: RequestReader | undefined;
  #metadata: Metadata | undefined;
  #observer: MessageObserver | undefined;
  #deadlineTimer: LongTimer | undefined;
  /** The number of requests that were pulled before there was a listener. */
  #wanted = 0;
  /** Whether the call has ended here: its status has been sent, or never will be. */
  over = false;
  readonly deadline: number;
  readonly peer: string;
  previous: GrpcJsServerStream | undefined = undefined;
  next: GrpcJsServerStream | undefined = undefined;

  /**
   * @param onGone called once the call has ended, and its status has been sent or never will be.
   */
  constructor(args: HandlerArguments, method: ServedMethod, onGone: (call: GrpcJsServerStream) => void) {
    this.#args = args;
    this.#method = method;
    const { call } = args;
    const deadline = call.getDeadline();
    this.deadline = toSteadyTime(deadline instanceof Date ? deadline.getTime() : deadline);
    this.peer = bracketed(call.getPeer());
    call.on("cancelled", () => {
      this.#cancel();
      onGone(this);
    });
  }

  open(): void {
    const { call, readable, request, writable } = this.#args;
    const method = this.#method;
    const listener = request !== undefined ? method.answer(this, request, false) : method.open(this);
    this.#listener = listener;
    if (this.over) return;
    // grpc-js has this timer, too, but reports it only once the peer has read all earlier messages.
    if (this.deadline !== Number.POSITIVE_INFINITY) {
      this.#deadlineTimer = new LongTimer(() => this.#cancel(), Math.max(this.deadline - steadyNow(), 0));
    }
    writable?.on("drain", () => {
      if (!this.over) listener.onDrain();
    });
    if (readable !== undefined) {
      this.#requests = new RequestReader(readable, listener, call.metadata);
      this.#requests.observer = this.#observer;
    }
    for (let i = 0; i < this.#wanted; i++) this.pull();
  }

  get path(): string {
    return this.#method.path;
  }

  get metadata(): Metadata {
    this.#metadata ??= copyOf(this.#args.call.metadata, isRequestMetadata);
    return this.#metadata;
  }

  get authority(): string {
    return this.#args.call.getHost();
  }

  get secure(): boolean {
    const { call } = this.#args;
    if (typeof call.getAuthContext !== "function") throw unsupportedCertificates();
    return call.getAuthContext().transportSecurityType === "ssl";
  }

  get clientCertificate(): ClientCertificate | undefined {
    const { call } = this.#args;
    // Missing before grpc-js 1.14.
    if (typeof call.getAuthContext !== "function") throw unsupportedCertificates();
    return clientCertificate(call.getAuthContext().sslPeerCertificate);
  }

  /** grpc-js decompresses requests itself. */
  get requestCompression(): Compression {
    return "identity";
  }

  accepts(compression: Compression): boolean {
    return compression === "identity";
  }

  observe(observer: MessageObserver): void {
    this.#observer = observer;
    if (this.#requests !== undefined) this.#requests.observer = observer;
    const { request } = this.#args;
    if (request !== undefined) tellReceived(observer, request.length, undefined);
  }

  pull(): void {
    if (this.over) return;
    if (this.#listener === undefined) this.#wanted++;
    else this.#requests?.pull();
  }

  sendHeader(header: Metadata | undefined): void {
    if (!this.over) this.#args.call.sendMetadata(header === undefined ? new GrpcMetadata() : toGrpcJs(header));
  }

  send(message: Buffer): boolean {
    if (this.over) return true;
    tellSent(this.#observer, message.length, message.length);
    return this.#args.writable?.write(message) ?? true;
  }

  end(status: Status | undefined, response: Buffer | undefined): void {
    if (this.over) return;
    this.#end();
    const { respond, writable } = this.#args;
    const { code, message, metadata } = fitStatus(status ?? ok);
    const trailer = metadata && toGrpcJs(metadata);
    if (code === Code.OK) {
      if (response !== undefined) tellSent(this.#observer, response.length, response.length);
      respond?.(null, response ?? null, trailer);
      writable?.end(trailer);
      return;
    }
    const failure = { code, details: message, metadata: trailer ?? new GrpcMetadata() };
    respond?.(failure);
    // grpc-js writes pending messages and then this status.
    writable?.emit("error", failure);
  }

  /**
   * grpc-js emits "cancelled" at the end of every call. If the call has not ended here, the caller
   * cancelled it or its deadline passed.
   */
  #cancel(): void {
    if (this.over) return;
    this.#end();
    // Timers fire up to a millisecond early.
    this.#listener?.onCancel(this.deadline - steadyNow() <= 1 ? timeUp : cancelled);
  }

  #end(): void {
    this.over = true;
    this.#deadlineTimer?.clear();
    this.#requests?.close();
  }
}

const ok: Status = { code: Code.OK, message: "", metadata: undefined };

/** Adds the brackets that grpc-js leaves out of an IPv6 peer, `::1:50051`. */
function bracketed(peer: string): string {
  const colon = peer.lastIndexOf(":");
  return colon === -1 ? peer : hostPort(peer.slice(0, colon), Number(peer.slice(colon + 1)));
}
