// The codec of functions that are made of the descriptor: what it reads and writes is, to the byte and the property, what protobuf-es reads and
// writes, some times faster. Whatever it does not want to decide itself, a refusal above all, it leaves to protobuf-es.
import { type DescMessage, protoInt64 } from "@bufbuild/protobuf";
import type { Codec, CodecFactory } from "../codec.ts";
import { closeInput, openInput } from "./input.ts";
import { abandonOutput, closeOutput, openOutput } from "./output.ts";
import { protobufEs } from "./protobuf-es.ts";
import { type Reader, readerOf } from "./reader.ts";
import { canEvaluate } from "./source.ts";
import { littleEndian } from "./words.ts";
import { type Write, writerOf } from "./writer.ts";

/**
 * The codec that is used unless another is named: protobuf-es, compiled. The functions for a message are made when the first one of its kind is
 * read or written. Where generating code is not allowed (`node --disallow-code-generation-from-strings`) it is `protobufEs`.
 */
export const compiled: CodecFactory = <Desc extends DescMessage>(schema: Desc): Codec<Desc> => {
  // Without bigint, integers of 64 bits are strings: BUF_BIGINT_DISABLE=1 asks protobuf-es for that.
  allowed ??= canEvaluate() && littleEndian && protoInt64.supported;
  if (!allowed) return protobufEs(schema);
  let codec = codecs.get(schema);
  if (codec === undefined) {
    codec = compile(schema);
    codecs.set(schema, codec);
  }
  return codec as Codec<Desc>;
};

let allowed: boolean | undefined;
const codecs = new WeakMap<DescMessage, Codec>();

function compile(schema: DescMessage): Codec {
  const uncompiled = protobufEs(schema);
  let reader: Reader | undefined;
  let write: Write | undefined;
  /** The sizes of the last two messages: a large one seldom comes alone. */
  let last = 0;
  let lastButOne = 0;
  return {
    encode(message) {
      if (typeof message !== "object" || message === null) return uncompiled.encode(message);
      const start = openOutput(Math.min(last, lastButOne));
      if (start === undefined) return uncompiled.encode(message);
      try {
        write ??= writerOf(schema);
        const bytes = closeOutput(start, write(message as Readonly<Record<string, unknown>>, start, false));
        lastButOne = last;
        last = bytes.length;
        return bytes;
      } catch {
        // Odd, or wrong: protobuf-es writes it, or throws what it throws.
        abandonOutput();
        return uncompiled.encode(message);
      }
    },
    decode(bytes) {
      try {
        reader ??= readerOf(schema);
        openInput(bytes);
        const message = new reader.Message();
        reader.read(message, 0, bytes.length, 1);
        return message as never;
      } catch {
        return uncompiled.decode(bytes);
      } finally {
        closeInput();
      }
    },
  };
}
