// grpc-js's own client interceptors, for calls that ask for them in their CallOptions.
import type {
  ChannelInterface,
  CallOptions as GrpcCallOptions,
  InterceptingCall,
  InterceptingListener,
  Interceptor,
  InterceptorOptions,
  Metadata,
} from "@grpc/grpc-js";
import { Code } from "../protocol/code.ts";
import type { CallOptions } from "./options.ts";
import { reset } from "./reset.ts";
import { type CallState, StartedMetadata } from "./started-metadata.ts";

/** A call object of a grpc-js channel: bytes go in and out. */
export type RawCall = ReturnType<ChannelInterface["createCall"]>;

type ClientMethodDefinition = InterceptorOptions["method_definition"];
type NextCall = Parameters<Interceptor>[1];

/**
 * Makes a call through interceptors. They see messages, so the innermost call writes and parses them.
 *
 * grpc-js keeps the function that does this to itself.
 */
export function interceptedCall(
  interceptors: readonly Interceptor[],
  options: GrpcCallOptions,
  definition: ClientMethodDefinition,
  createCall: (options: GrpcCallOptions) => RawCall,
  state: CallState,
): InterceptingCall {
  const innermost: NextCall = (options) => new CodecCall(createCall(options), definition, state) as unknown as InterceptingCall;
  const outermost = interceptors.reduceRight<NextCall>((next, interceptor) => (options) => interceptor(options, next), innermost);
  return outermost({ ...options, method_definition: definition } as InterceptorOptions) as InterceptingCall;
}

const none: readonly Interceptor[] = [];

/** The interceptors of a call's options; providers decide by method. */
export function interceptorsOf(options: CallOptions, definition: ClientMethodDefinition): readonly Interceptor[] {
  if (options.interceptors === undefined && options.interceptor_providers === undefined) return none;
  const provided = options.interceptor_providers?.map((provider) => provider(definition)) ?? [];
  return [...(options.interceptors ?? []), ...provided].filter((interceptor) => interceptor !== undefined);
}

class CodecCall {
  readonly #call: RawCall;
  readonly #definition: ClientMethodDefinition;
  readonly #state: CallState;

  constructor(call: RawCall, definition: ClientMethodDefinition, state: CallState) {
    this.#call = call;
    this.#definition = definition;
    this.#state = state;
  }

  start(metadata: Metadata, listener: Partial<InterceptingListener> = {}): void {
    this.#call.start(new StartedMetadata(this.#state, metadata), {
      onReceiveMetadata: (header) => listener.onReceiveMetadata?.(header),
      onReceiveMessage: (bytes: Buffer) => {
        let message: unknown;
        try {
          message = this.#definition.responseDeserialize(bytes);
        } catch {
          reset(this.#call, Code.INTERNAL, "cannot parse the response");
          return;
        }
        listener.onReceiveMessage?.(message);
      },
      onReceiveStatus: (status) => listener.onReceiveStatus?.(status),
    });
  }

  sendMessageWithContext(context: Parameters<RawCall["sendMessageWithContext"]>[0], message: unknown): void {
    this.#call.sendMessageWithContext(context, this.#definition.requestSerialize(message));
  }

  sendMessage(message: unknown): void {
    this.sendMessageWithContext({}, message);
  }

  cancelWithStatus(code: Code, details: string): void {
    reset(this.#call, code, details);
  }

  startRead(): void {
    this.#call.startRead();
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  getAuthContext() {
    return this.#call.getAuthContext();
  }
}
