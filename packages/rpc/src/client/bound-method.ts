// A method of a client, with its codecs and interceptors.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Codec, CodecFactory } from "@grpc-study/codec";
import { methodPath } from "../protocol/method.ts";
import type { OutgoingMethod } from "../transport/client.ts";
import type { ClientInterceptor } from "./context.ts";

export class BoundMethod implements OutgoingMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly descriptor: DescMethod;
  readonly input: Codec;
  readonly output: Codec;
  /** The first one is the outermost. */
  readonly interceptors: readonly ClientInterceptor[];

  constructor(descriptor: DescMethod, codec: CodecFactory, interceptors: readonly ClientInterceptor[]) {
    const { methodKind } = descriptor;
    this.path = methodPath(descriptor);
    this.requestStream = methodKind === "client_streaming" || methodKind === "bidi_streaming";
    this.responseStream = methodKind === "server_streaming" || methodKind === "bidi_streaming";
    this.descriptor = descriptor;
    this.input = codec(descriptor.input);
    this.output = codec(descriptor.output);
    this.interceptors = interceptors;
  }
}
