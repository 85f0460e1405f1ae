// The four call kinds: each connects a call object of grpc-js with a handler.
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  StatusObject,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import { type BoundMethod, Call } from "./call.ts";
import { Requests } from "./requests.ts";
import { writeResponses } from "./responses.ts";
import type { Surface } from "./surface.ts";

export function serve(bound: BoundMethod): UntypedHandleCall {
  switch (bound.method.methodKind) {
    case "unary":
      return serveUnary(bound);
    case "client_streaming":
      return serveClientStream(bound);
    case "server_streaming":
      return serveServerStream(bound);
    case "bidi_streaming":
      return serveBidiStream(bound);
  }
}

/** Runs `use` with the only request, once that is there. If it never comes, the call is cut. */
function withRequest(
  surface: Surface & { readonly request: Buffer },
  use: (request: Buffer) => void | Promise<void>,
): void | Promise<void> {
  if (surface.awaitsRequest !== true) return use(surface.request);
  return new Promise<void>((resolve) => surface.on("request", resolve)).then(() => use(surface.request));
}

type Callback = Parameters<handleUnaryCall<Buffer, Buffer>>[1];

/** Ends a call that has one response. */
function respond(callback: Callback, response: Buffer | undefined, status: StatusObject | undefined): void {
  if (status === undefined || status.code === Code.OK) callback(null, response, status?.metadata);
  else callback(status);
}

/** Ends a call that has a stream of responses. */
function close(
  stream: { end(trailer?: StatusObject["metadata"]): unknown; emit(event: "error", status: StatusObject): unknown },
  status: StatusObject | undefined,
): void {
  if (status === undefined || status.code === Code.OK) stream.end(status?.metadata);
  // How grpc-js takes a status: it writes what is still to be written, then this.
  else stream.emit("error", status);
}

function serveUnary(bound: BoundMethod): handleUnaryCall<Buffer, Buffer> {
  return (surface, callback) => {
    let response: Buffer | undefined;
    const call = new Call(surface, bound, (status) => respond(callback, response, status));
    const answer = (request: Buffer) => {
      const answer = call.handle(call.receive(request));
      const bytes = isPromise(answer) ? answer.then((message) => call.send(message)) : call.send(answer);
      if (!isPromise(bytes)) {
        response = bytes;
        return;
      }
      return bytes.then((bytes) => {
        response = bytes;
      });
    };
    call.run(() => withRequest(surface, answer));
  };
}

function serveClientStream(bound: BoundMethod): handleClientStreamingCall<Buffer, Buffer> {
  return (surface, callback) => {
    let response: Buffer | undefined;
    const call = new Call(surface, bound, (status) => respond(callback, response, status));
    call.watch();
    call.run(async () => {
      response = await call.send(await call.handle(new Requests(surface, call)));
    });
  };
}

function serveServerStream(bound: BoundMethod): handleServerStreamingCall<Buffer, Buffer> {
  return (surface) => {
    const call = new Call(surface, bound, (status) => close(surface, status));
    call.watch();
    const answer = (request: Buffer) => writeResponses(toIterable(call.handle(call.receive(request))), surface, call);
    call.run(() => withRequest(surface, answer));
  };
}

function serveBidiStream(bound: BoundMethod): handleBidiStreamingCall<Buffer, Buffer> {
  return (surface) => {
    const call = new Call(surface, bound, (status) => close(surface, status));
    call.watch();
    call.run(() => writeResponses(toIterable(call.handle(new Requests(surface, call))), surface, call));
  };
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === "function";
}

function toIterable(value: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)) {
    return value as AsyncIterable<unknown> | Iterable<unknown>;
  }
  throw new TypeError("a streaming handler must return an iterable or async iterable of responses");
}
