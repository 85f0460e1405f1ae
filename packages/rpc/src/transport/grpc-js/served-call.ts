// Converts a method of this package to a method of a grpc-js service: its definition, and a handler
// for its kind.
import type {
  MethodDefinition,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { ServedMethod } from "../server.ts";
import { GrpcJsServerStream, type HandlerArguments } from "./server-stream.ts";

/** Called when a call begins and when it is gone. */
export interface CallObserver {
  begun(call: GrpcJsServerStream): void;
  gone(call: GrpcJsServerStream): void;
}

/** Returns the definition and the handlers of a service, by method name. */
export function serviceOf(methods: readonly ServedMethod[], observer?: CallObserver): [ServiceDefinition, UntypedServiceImplementation] {
  const named = methods.map((method) => [method.path.slice(method.path.lastIndexOf("/") + 1), method] as const);
  return [
    Object.fromEntries(named.map(([name, method]) => [name, definitionOf(method)])),
    Object.fromEntries(named.map(([name, method]) => [name, handlerOf(method, observer)])),
  ];
}

/**
 * grpc-js handles only buffers. Messages are parsed and serialized within the call, where an error
 * becomes a status.
 */
function definitionOf({ path, requestStream, responseStream }: ServedMethod): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function handlerOf(method: ServedMethod, observer: CallObserver | undefined): UntypedHandleCall {
  const gone = (call: GrpcJsServerStream) => observer?.gone(call);
  const open = (args: HandlerArguments) => {
    const call = new GrpcJsServerStream(args, method, gone);
    observer?.begun(call);
    call.open();
  };
  const { requestStream, responseStream } = method;
  if (requestStream && responseStream) {
    return (call: ServerDuplexStream<Buffer, Buffer>) => open({ call, readable: call, writable: call });
  }
  if (requestStream) {
    return (call: ServerReadableStream<Buffer, Buffer>, respond: sendUnaryData<Buffer>) => open({ call, readable: call, respond });
  }
  if (responseStream) {
    return (call: ServerWritableStream<Buffer, Buffer>) => open({ call, request: call.request, writable: call });
  }
  return (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) => open({ call, request: call.request, respond });
}
