// A method of a client, with its codecs and interceptors.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Codec, CodecFactory } from "@grpc-study/codec";
import { Interceptors, interceptorsOf } from "../intercept/only-for.ts";
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
  readonly #interceptors: Interceptors<ClientInterceptor>;

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
    this.#interceptors = new Interceptors([...this.#outer, ...this.#inner]);
  }

  /** The interceptors that run around a call. */
  interceptors(ofCall: readonly ClientInterceptor[] | undefined): Interceptors<ClientInterceptor> {
    try {
      return (ofCall === undefined ? this.#interceptors : this.#with(ofCall)).enabled();
    } catch (thrown) {
      return new Interceptors<ClientInterceptor>([
        () => {
          throw thrown;
        },
      ]);
    }
  }

  #with(ofCall: readonly ClientInterceptor[]): Interceptors<ClientInterceptor> {
    return new Interceptors([...this.#outer, ...interceptorsOf(ofCall, this.descriptor), ...this.#inner]);
  }
}
