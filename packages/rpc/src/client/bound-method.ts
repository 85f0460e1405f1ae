// A method of a client, with its codecs and interceptors.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Codec, CodecFactory } from "@grpc-study/codec";
import { enabledOf, interceptorsOf } from "../intercept/only-for.ts";
import { type Inheritance, inheritanceOf } from "../propagation/inherit.ts";
import { hasRequestStream, hasResponseStream, methodPath } from "../protocol/method.ts";
import type { OutgoingMethod } from "../transport/client.ts";
import type { ClientInterceptor } from "./context.ts";

export class BoundMethod implements OutgoingMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly descriptor: DescMethod;
  readonly input: Codec;
  readonly output: Codec;
  /** What the calls inherit, unless the options of a call say otherwise. */
  readonly inheritance: Inheritance;
  /** The interceptors of the client around those of a call. The first one is the outermost. */
  readonly #outer: readonly ClientInterceptor[];
  /** The interceptors of the client inside those of a call. */
  readonly #inner: readonly ClientInterceptor[];
  readonly #all: readonly ClientInterceptor[];
  readonly #awaits: boolean;

  constructor(
    descriptor: DescMethod,
    codec: CodecFactory,
    outer: readonly ClientInterceptor[] = [],
    inner: readonly ClientInterceptor[] = [],
    inheritance: Inheritance = inheritanceOf(undefined),
  ) {
    this.path = methodPath(descriptor);
    this.requestStream = hasRequestStream(descriptor);
    this.responseStream = hasResponseStream(descriptor);
    this.descriptor = descriptor;
    this.input = codec(descriptor.input);
    this.output = codec(descriptor.output);
    this.inheritance = inheritance;
    this.#outer = interceptorsOf(outer, descriptor);
    this.#inner = interceptorsOf(inner, descriptor);
    this.#all = [...this.#outer, ...this.#inner];
    this.#awaits = someAwait(this.#all);
  }

  /** The interceptors that run around a call. */
  interceptors(ofCall: readonly ClientInterceptor[] | undefined): readonly ClientInterceptor[] {
    const all = ofCall === undefined ? this.#all : [...this.#outer, ...interceptorsOf(ofCall, this.descriptor), ...this.#inner];
    if (all.length === 0) return all;
    try {
      return enabledOf(all);
    } catch (thrown) {
      return [
        () => {
          throw thrown;
        },
      ];
    }
  }

  /** Whether one of these interceptors is an async function, which returns a promise of its own. */
  awaits(interceptors: readonly ClientInterceptor[]): boolean {
    return interceptors === this.#all ? this.#awaits : someAwait(interceptors);
  }
}

const AsyncFunction = (async () => {}).constructor;

function someAwait(interceptors: readonly ClientInterceptor[]): boolean {
  return interceptors.some((interceptor) => interceptor instanceof AsyncFunction);
}
