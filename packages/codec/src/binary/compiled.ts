// The codec that generates functions from descriptors. Its results equal those of protobuf-es, byte
// for byte and property for property. It leaves unusual cases, and every error, to protobuf-es.
import { type DescMessage, type MessageInitShape, type MessageShape, protoInt64 } from "@bufbuild/protobuf";
import { type Codec, type CodecFactory, checkSchema } from "../codec.ts";
import { canGenerate } from "../generate/can-generate.ts";
import { protobufEs } from "./protobuf-es.ts";
import { closeInput, openInput } from "./read/input.ts";
import { readerOf, type TieredReader } from "./read/reader.ts";
import { littleEndian } from "./words.ts";
import { abandonOutput, closeOutput, openOutput } from "./write/output.ts";
import { type TieredWriter, writerOf } from "./write/writer.ts";

/**
 * A codec that behaves like protobuf-es and is several times faster. protobuf-es handles the first
 * messages of a type. Once the type is hot, the codec generates a function for it, and one for
 * each nested type when that is hot. Where code generation is disabled (`node
 * --disallow-code-generation-from-strings`), it equals `protobufEs`.
 */
export const compiled: CodecFactory = <Desc extends DescMessage>(schema: Desc): Codec<Desc> => {
  if (!canCompile()) return protobufEs(schema);
  let codec = codecs.get(schema);
  if (codec === undefined) {
    checkSchema(schema);
    codec = new CompiledCodec(schema);
    codecs.set(schema, codec);
  }
  return codec as unknown as Codec<Desc>;
};

const codecs = new WeakMap<DescMessage, CompiledCodec>();

/** `true` if this process can compile message types. */
export function canCompile(): boolean {
  // protobuf-es represents 64-bit integers as strings if BUF_BIGINT_DISABLE=1 is set.
  return canGenerate() && littleEndian && protoInt64.supported;
}

class CompiledCodec implements Codec {
  readonly #reader: TieredReader;
  readonly #writer: TieredWriter;
  readonly #uncompiled: Codec;
  /** The sizes of the last two messages: the smaller one predicts the next size. */
  #last = 0;
  #lastButOne = 0;

  constructor(schema: DescMessage) {
    this.#reader = readerOf(schema);
    this.#writer = writerOf(schema);
    this.#uncompiled = protobufEs(schema);
  }

  encode(message: MessageInitShape<DescMessage>): Buffer {
    const writer = this.#writer;
    if (!writer.isCompiled) return this.#encodeCold(message);
    if (typeof message !== "object" || message === null) return this.#uncompiled.encode(message);
    const start = openOutput(Math.min(this.#last, this.#lastButOne));
    if (start === undefined) return this.#uncompiled.encode(message);
    try {
      const bytes = closeOutput(start, writer.write(message as Readonly<Record<string, unknown>>, start, false));
      this.#lastButOne = this.#last;
      this.#last = bytes.length;
      return bytes;
    } catch {
      // An unusual or invalid message: protobuf-es writes it or throws the error.
      abandonOutput();
      return this.#uncompiled.encode(message);
    }
  }

  decode(bytes: Buffer): MessageShape<DescMessage> {
    const reader = this.#reader;
    // The size is known in advance, so a large message skips the slower code.
    if (!reader.isCompiled && !reader.warm(bytes.length)) return this.#uncompiled.decode(bytes);
    try {
      openInput(bytes);
      const message = new reader.Message();
      reader.read(message, 0, bytes.length, 1);
      return message as never;
    } catch {
      return this.#uncompiled.decode(bytes);
    } finally {
      closeInput();
    }
  }

  decodeFrom(bytes: Buffer, start: number): MessageShape<DescMessage> {
    const reader = this.#reader;
    if (!reader.isCompiled && !reader.warm(bytes.length - start)) return this.#uncompiled.decode(Buffer.from(bytes.subarray(start)));
    try {
      openInput(bytes, true);
      const message = new reader.Message();
      reader.read(message, start, bytes.length, 1);
      return message as never;
    } catch {
      return this.#uncompiled.decode(Buffer.from(bytes.subarray(start)));
    } finally {
      closeInput();
    }
  }

  #encodeCold(message: MessageInitShape<DescMessage>): Buffer {
    const bytes = this.#uncompiled.encode(message);
    this.#writer.warm(bytes.length);
    return bytes;
  }
}
