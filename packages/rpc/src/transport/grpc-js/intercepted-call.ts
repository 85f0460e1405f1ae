// Creates the call of a grpc-js channel, inside grpc-js client interceptors if there are any.
import type {
  CallCredentials,
  ChannelInterface,
  CallOptions as GrpcCallOptions,
  InterceptingListener,
  Interceptor,
  InterceptorOptions,
  Metadata,
  NextCall,
} from "@grpc/grpc-js";
import { Code } from "../../protocol/code.ts";
import type { OutgoingMethod } from "../client.ts";
import { checked } from "./call-credentials.ts";

/** A call whose messages are bytes. */
type RawCall = ReturnType<ChannelInterface["createCall"]>;
type InterceptingCallInterface = ReturnType<NextCall>;
type MethodDefinition = InterceptorOptions["method_definition"];

/** The members that both kinds of calls share and this package uses. */
export type StartedCall = Pick<RawCall, "start" | "sendMessageWithContext" | "startRead" | "halfClose" | "cancelWithStatus" | "getPeer">;

/** The settings that all calls of a channel share. */
export interface CallFactory {
  readonly channel: ChannelInterface;
  readonly interceptors: readonly Interceptor[];
  readonly credentials: CallCredentials | undefined;
}

/**
 * Creates a call. Uses `createCall` rather than the methods of `grpc.Client`: it reads one response
 * at a time, and has no Node stream whose errors could be thrown uncaught.
 *
 * @param deadline milliseconds since 1970, or Infinity.
 */
export function createCall(factory: CallFactory, method: OutgoingMethod, deadline: number, host: string | undefined): StartedCall {
  const { channel, interceptors, credentials } = factory;
  const options: GrpcCallOptions = { deadline };
  if (host !== undefined) options.host = host;
  if (credentials !== undefined) options.credentials = credentials;
  if (interceptors.length === 0) return rawCall(channel, method.path, options);
  const innermost: NextCall = (options) => new InnermostCall(rawCall(channel, options.method_definition.path, options));
  const outermost = interceptors.reduceRight<NextCall>((next, interceptor) => (options) => interceptor(options, next), innermost);
  return outermost({ ...options, method_definition: definitionOf(method) });
}

function rawCall(channel: ChannelInterface, path: string, options: GrpcCallOptions): RawCall {
  const { deadline = Number.POSITIVE_INFINITY, host, parent = null, propagate_flags: flags, credentials } = options;
  const raw = channel.createCall(path, deadline, host, parent, flags);
  if (credentials !== undefined) raw.setCredentials(checked(credentials));
  return raw;
}

const definitions = new WeakMap<OutgoingMethod, MethodDefinition>();
const asIs = (bytes: Buffer) => bytes;

/**
 * Returns a method definition without serialization, so that interceptors see messages as bytes.
 */
function definitionOf(method: OutgoingMethod): MethodDefinition {
  let definition = definitions.get(method);
  if (definition === undefined) {
    const { path, requestStream, responseStream } = method;
    definition = { path, requestStream, responseStream, requestSerialize: asIs, responseDeserialize: asIs };
    definitions.set(method, definition);
  }
  return definition;
}

/** The call of the channel, as the innermost interceptor sees it. */
class InnermostCall implements InterceptingCallInterface {
  readonly #raw: RawCall;

  constructor(raw: RawCall) {
    this.#raw = raw;
  }

  start(metadata: Metadata, listener: Partial<InterceptingListener> = {}): void {
    this.#raw.start(metadata, {
      onReceiveMetadata: (header) => listener.onReceiveMetadata?.(header),
      onReceiveMessage: (message: unknown) => listener.onReceiveMessage?.(message),
      onReceiveStatus: (status) => listener.onReceiveStatus?.(status),
    });
  }

  sendMessageWithContext(context: Parameters<RawCall["sendMessageWithContext"]>[0], message: unknown): void {
    if (Buffer.isBuffer(message)) this.#raw.sendMessageWithContext(context, message);
    else this.cancelWithStatus(Code.INTERNAL, "an interceptor of grpc-js changed a request to a value that is not a Buffer");
  }

  sendMessage(message: unknown): void {
    this.sendMessageWithContext({}, message);
  }

  cancelWithStatus(code: Code, details: string): void {
    this.#raw.cancelWithStatus(code, details);
  }

  startRead(): void {
    this.#raw.startRead();
  }

  halfClose(): void {
    this.#raw.halfClose();
  }

  getPeer(): string {
    return this.#raw.getPeer();
  }

  getAuthContext(): ReturnType<RawCall["getAuthContext"]> {
    return this.#raw.getAuthContext();
  }
}
