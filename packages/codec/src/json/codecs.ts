// The codecs of all messages for one set of options. Each is created on first use.
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { canGenerate } from "../generate/can-generate.ts";
import { Heat } from "../heat.ts";
import { printClashing, readClashing } from "./clashing-names.ts";
import type { Codecs, FieldCodec, MessageCodec, Print, PrintValue, Read, Settings } from "./message-codec.ts";
import { hasNameConflict } from "./names.ts";
import { generateRead } from "./read/generate.ts";
import { walkRead } from "./read/walk.ts";
import { wellKnownCodec } from "./well-known/index.ts";
import { generatePrint, generatePrintValue } from "./write/generate.ts";
import { walkPrint, walkPrintValue } from "./write/walk.ts";

export class TieredCodecs implements Codecs {
  readonly settings: Settings;
  readonly #codecs = new WeakMap<DescMessage, MessageCodec>();
  readonly #fields = new WeakMap<DescField, FieldCodec>();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  of(desc: DescMessage): MessageCodec {
    let codec = this.#codecs.get(desc);
    if (codec === undefined) {
      codec = wellKnownCodec(desc, this) ?? new TieredCodec(desc, this);
      this.#codecs.set(desc, codec);
    }
    return codec;
  }

  ofField(field: DescField): FieldCodec {
    let codec = this.#fields.get(field);
    if (codec === undefined) {
      codec = new TieredFieldCodec(field, this);
      this.#fields.set(field, codec);
    }
    return codec;
  }

  /** Generates the code of a type immediately. */
  compile(desc: DescMessage): void {
    const codec = this.of(desc);
    if (codec instanceof TieredCodec) codec.compile();
  }
}

/**
 * The codec of a message whose JSON is an object of its fields. It starts by walking over the
 * fields and switches to generated functions once the type is hot. Codecs of enclosing messages
 * call `read` and `print` of this object, so they use the new functions, too.
 */
class TieredCodec implements MessageCodec {
  read: Read;
  print: Print;
  readonly #desc: DescMessage;
  readonly #codecs: Codecs;
  readonly #canCompile: boolean;

  constructor(desc: DescMessage, codecs: Codecs) {
    this.#desc = desc;
    this.#codecs = codecs;
    const clashes = hasNameConflict(desc);
    this.#canCompile = !clashes && canGenerate();
    this.read = clashes ? readClashing(desc, codecs) : this.#coldRead();
    this.print = clashes ? printClashing(desc, codecs) : this.#coldPrint();
  }

  compile(): void {
    if (!this.#canCompile) return;
    this.read = generateRead(this.#desc, this.#codecs);
    this.print = generatePrint(this.#desc, this.#codecs);
  }

  #coldRead(): Read {
    const heat = new Heat(this.#desc);
    let walk: Read | undefined;
    return (json: unknown, depth: number): Message => {
      if (this.#canCompile && heat.add(0)) {
        this.read = generateRead(this.#desc, this.#codecs);
        return this.read(json, depth);
      }
      walk ??= walkRead(this.#desc, this.#codecs, heat);
      return walk(json, depth);
    };
  }

  #coldPrint(): Print {
    const heat = new Heat(this.#desc);
    let walk: Print | undefined;
    return (message: Message, at: number): number => {
      if (this.#canCompile && heat.add(0)) {
        this.print = generatePrint(this.#desc, this.#codecs);
        return this.print(message, at);
      }
      walk ??= walkPrint(this.#desc, this.#codecs, heat);
      return walk(message, at);
    };
  }
}

class TieredFieldCodec implements FieldCodec {
  readonly container: MessageCodec;
  readonly key: string;
  print: PrintValue;

  constructor(field: DescField, codecs: Codecs) {
    const container = alone(field);
    const heat = new Heat(container);
    const walk = walkPrintValue(field, codecs, heat);
    this.container = new TieredCodec(container, codecs);
    this.key = field.jsonName;
    this.print = (value, at) => {
      if (!canGenerate() || !heat.add(0)) return walk(value, at);
      this.print = generatePrintValue(field, codecs);
      return this.print(value, at);
    };
  }
}

/** Returns the field's message type without its other fields. */
function alone(field: DescField): DescMessage {
  const { oneof, parent } = field;
  return { ...parent, fields: [field], members: [oneof ?? field], oneofs: oneof === undefined ? [] : [oneof] };
}
