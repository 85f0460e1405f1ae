import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  create,
  createFileRegistry,
  type DescMessage,
  equals,
  fromBinary,
  getExtension,
  isMessage,
  setExtension,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Edition,
  FeatureSet_EnumType,
  FieldOptions_JSType,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_descriptor,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";
import { afterEach, describe, expect, test, vi } from "vitest";
import { define, field, Label, Type } from "../../test/define.ts";
import { difference } from "../../test/random/same.ts";
import type { Codec } from "../codec.ts";
import { compiled } from "./compiled.ts";
import { protobufEs } from "./protobuf-es.ts";
import { readerOf } from "./read/reader.ts";
import { warmUp } from "./warm-up.ts";
import { writerOf } from "./write/writer.ts";

/** Returns the codec of a type with the code of all nested types generated. */
function hot<Desc extends DescMessage>(schema: Desc): Codec<Desc> {
  warmUp(schema);
  return compiled(schema);
}

/** Returns the result of a function, or the error as text, for comparisons. */
function attempt<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
}

/**
 * Encodes with both codecs and decodes the result with both, or checks that both throw the same
 * error. Returns the bytes.
 */
function check(schema: DescMessage, init: unknown): Buffer | undefined {
  const expected = attempt(() => protobufEs(schema).encode(init as never));
  const bytes = attempt(() => hot(schema).encode(init as never));
  if (typeof expected === "string" || typeof bytes === "string") {
    expect(bytes).toBe(expected);
    return undefined;
  }
  expect(bytes.equals(expected), `${bytes.toString("hex", 0, 100)} instead of ${expected.toString("hex", 0, 100)}`).toBe(true);
  checkDecode(schema, bytes);
  return bytes;
}

function checkDecode(schema: DescMessage, bytes: Buffer): unknown {
  const got = attempt(() => hot(schema).decode(bytes));
  expect(
    difference(
      got,
      attempt(() => protobufEs(schema).decode(bytes)),
    ),
  ).toBeUndefined();
  return got;
}

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const proto3 = define({
  messageType: [
    { name: "Text", field: [field("text", 1, Type.STRING), field("number", 2, Type.INT32)] },
    { name: "Strings", field: [field("items", 1, Type.STRING, { label: Label.REPEATED }), field("next", 2, ".Strings")] },
    { name: "Blob", field: [field("data", 1, Type.BYTES), field("text", 2, Type.STRING)] },
    { name: "Doubles", field: [field("items", 1, Type.DOUBLE, { label: Label.REPEATED })] },
    { name: "Left", field: [field("right", 1, ".Right"), field("name", 2, Type.STRING)] },
    { name: "Right", field: [field("left", 1, ".Left", { label: Label.REPEATED })] },
    {
      name: "Odd",
      field: [field("has_own_property", 1, Type.STRING, { proto3Optional: true, oneofIndex: 0 })],
      oneofDecl: [{ name: "_x" }],
    },
    {
      name: "Known",
      field: [
        field("number", 1, ".google.protobuf.Int32Value"),
        field("data", 2, ".google.protobuf.BytesValue"),
        field("struct", 3, ".google.protobuf.Struct"),
        field("structs", 4, ".google.protobuf.Struct", { label: Label.REPEATED }),
        field("value", 5, ".google.protobuf.Value"),
        field("text", 6, ".google.protobuf.StringValue", { oneofIndex: 0 }),
      ],
      oneofDecl: [{ name: "choice" }],
    },
  ],
});

const proto2 = define({
  syntax: "proto2",
  enumType: [
    {
      name: "Closed",
      value: [
        { name: "ONE", number: 1 },
        { name: "TWO", number: -2 },
      ],
    },
  ],
  messageType: [
    {
      name: "Defaults",
      field: [
        field("text", 1, Type.STRING, { defaultValue: '"];process.exit(1);//' }),
        field("real", 2, Type.DOUBLE, { defaultValue: "nan" }),
        field("data", 3, Type.BYTES, { defaultValue: "\\001\\002" }),
        field("big", 4, Type.INT64, { defaultValue: "-7", options: { jstype: FieldOptions_JSType.JS_STRING } }),
        field("closed", 5, Type.ENUM, { typeName: ".Closed", defaultValue: "TWO" }),
      ],
    },
    { name: "Required", field: [field("text", 1, Type.STRING, { label: Label.REQUIRED })] },
    { name: "Group", field: [field("group", 1, ".Group", { type: Type.GROUP }), field("number", 2, Type.INT32)] },
    {
      name: "Enums",
      field: [
        field("closed", 1, Type.ENUM, { typeName: ".Closed" }),
        field("list", 2, Type.ENUM, { typeName: ".Closed", label: Label.REPEATED }),
      ],
    },
  ],
});

describe("a decoded message", () => {
  test("has the prototype and defaults of protobuf-es", () => {
    const schema = proto2("Defaults");
    const message = hot(schema).decode(Buffer.alloc(0)) as unknown as Record<string, unknown>;
    expect(isMessage(message, schema)).toBe(true);
    expect(Object.getPrototypeOf(message)).toBe(Object.getPrototypeOf(create(schema)));
    expect(message["text"]).toBe('"];process.exit(1);//');
    expect(message["big"]).toBe("-7");
    expect(Object.keys(message)).toEqual(["$typeName"]);
    expect(equals(schema, message as never, create(schema))).toBe(true);
  });

  test("has bytes fields that are Uint8Array views of the input, not Buffers", () => {
    const input = Buffer.from("0a03010203", "hex");
    const { data } = hot(proto3("Blob")).decode(input) as unknown as { data: Uint8Array };
    expect(Object.getPrototypeOf(data)).toBe(Uint8Array.prototype);
    expect(data.buffer).toBe(input.buffer);
    expect([...data]).toEqual([1, 2, 3]);
  });

  test("shares no memory with the input if it is decoded from a position", () => {
    const schema = proto3("Blob");
    const bytes = Buffer.concat([Buffer.from("12345"), Buffer.from([0x0a, 2, 1, 2, 0x7a, 1, 9])]);
    const codec = hot(schema);
    const message = codec.decodeFrom?.(bytes, 5) as unknown as { data: Uint8Array; $unknown: { data: Uint8Array }[] };
    expect(difference(message, protobufEs(schema).decode(Buffer.from(bytes.subarray(5))))).toBeUndefined();
    for (const part of [message.data, message.$unknown[0]?.data]) expect(part?.buffer).not.toBe(bytes.buffer);
  });

  test("equals that of protobuf-es for mutually recursive types", () => {
    check(proto3("Left"), { name: "a", right: { left: [{ name: "b" }, { right: { left: [{ right: {} }] } }] } });
    check(proto3("Strings"), { items: ["a"], next: { items: ["b"], next: { next: {} } } });
  });

  test("keeps unknown fields, and encoding writes them back", () => {
    const bytes = hex("0a0161 1807 2a03aabbcc 3501020304 3901020304 05060708 43 4801 44 1007");
    const message = checkDecode(proto3("Text"), bytes) as { $unknown: unknown[] };
    expect(message.$unknown).toHaveLength(5);
    expect(check(proto3("Text"), message)).toBeDefined();
  });

  test("ignores $unknown in an init shape", () => {
    expect(check(proto3("Text"), { $unknown: [{ no: 9, wireType: 0, data: Uint8Array.of(1) }] })).toHaveLength(0);
  });

  test("keeps extensions", () => {
    const file = create(FileDescriptorProtoSchema, {
      name: "extension.proto",
      syntax: "proto2",
      dependency: ["google/protobuf/descriptor.proto"],
      extension: [field("note", 50000, Type.STRING, { extendee: ".google.protobuf.FieldOptions" })],
    });
    const note = createFileRegistry(file, () => file_google_protobuf_descriptor).getExtension("note");
    if (note === undefined) throw new TypeError("no extension");
    const options = create(FieldOptionsSchema, { deprecated: true });
    setExtension(options, note, "kept");
    const bytes = check(FieldOptionsSchema, options);
    expect(getExtension(hot(FieldOptionsSchema).decode(bytes as Buffer), note)).toBe("kept");
  });

  test("treats unknown values of closed enums as protobuf-es does, in fields and lists", () => {
    for (const bytes of ["0801", "0805", "08feffffffffffffffff01", "0805 1805 0806", "1805 0805", "1001 1005", "12020105", "0a00"]) {
      checkDecode(proto2("Enums"), hex(bytes));
    }
  });

  test("has groups, and a mismatched end tag is handled as in protobuf-es", () => {
    check(proto2("Group"), { number: 1, group: { number: 2, group: {} } });
    for (const bytes of ["0b 1001 0c", "0b 1001", "0b 14", "0c", "0b 0b 0c", "0b 1b 1c 0c", "0b 1b 0c", "0a02 1001"]) {
      checkDecode(proto2("Group"), hex(bytes));
    }
  });

  test("merges repeated occurrences of messages, wrappers, Structs and Values", () => {
    const schema = proto3("Known");
    const parts = [
      {
        number: 5,
        struct: { a: { b: 1 }, c: [1] },
        value: { kind: { case: "listValue", value: { values: [{ kind: { case: "boolValue", value: true } }] } } },
      },
      {
        number: 0,
        struct: { a: { d: null }, c: ["x"], __proto__: 1 },
        data: Uint8Array.of(1),
        choice: { case: "text", value: { value: "x" } },
      },
    ];
    checkDecode(schema, Buffer.concat(parts.map((part) => protobufEs(schema).encode(part as never))));
    // A wrapper without a number and then one with a number; a Value of two kinds; a map entry
    // whose value comes in two parts.
    for (const bytes of ["0a00", "0a020805 0a00", "0a00 0a0408051007", "2a04 2001 0800", "1a0c 0a0a 0a0161 1202 2001 1201 00"])
      checkDecode(schema, hex(bytes));
  });
});

describe("encode", () => {
  test("accepts init shapes, messages, and nested combinations, as protobuf-es does", () => {
    const schema = proto3("Left");
    const right = create(proto3("Right"), { left: [{ name: "x" }] } as never);
    check(schema, { right });
    check(schema, create(schema, { right } as never));
    check(schema, { ...create(schema), right: { left: [] } }); // a message with a nested init shape is rejected
    check(schema, Object.assign(create(schema), { right: null }));
    check(schema, Object.assign(create(schema), { name: undefined }));
    check(schema, create(proto3("Text"), { text: "another message" } as never));
    check(schema, { right: "text" });
    check(schema, { right: [] });
    check(schema, { right: create(proto3("Text")) });
    for (const none of [undefined, null, 5, "text", [], new Map(), () => 1]) check(schema, none);
  });

  test("writes defaults that are set explicitly, and omits unset ones", () => {
    const schema = proto2("Defaults");
    check(schema, {});
    check(schema, create(schema));
    check(schema, { text: '"];process.exit(1);//', real: Number.NaN, big: "-7", closed: -2 });
    const message = create(schema) as unknown as Record<string, unknown>;
    for (const name of ["text", "real", "data", "big", "closed"]) message[name] = (message as Record<string, unknown>)[name];
    expect(check(schema, message)?.length).toBeGreaterThan(30);
  });

  test("ignores inherited members of Object such as hasOwnProperty", () => {
    check(proto3("Odd"), create(proto3("Odd")));
    check(proto3("Odd"), { hasOwnProperty: "mine" });
    check(proto3("Odd"), {});
    checkDecode(proto3("Odd"), hex("0a0161"));
  });

  test("throws the error of protobuf-es for a missing required field", () => {
    expect(() => hot(proto2("Required")).encode({} as never)).toThrow(
      "cannot encode field Required.text to binary: required field not set",
    );
    check(proto2("Required"), { text: "" });
    check(proto2("Required"), create(proto2("Required")));
  });

  test("throws an error that names field and value for a number out of range", () => {
    expect(() => hot(proto3("Text")).encode({ number: 2 ** 31 } as never)).toThrow(
      "cannot encode field Text.number to binary: invalid int32: 2147483648",
    );
    for (const number of [2 ** 31 - 1, -(2 ** 31), -0, 1.5, Number.NaN, "5", "x", 5n, true, {}, []]) check(proto3("Text"), { number });
  });

  test("writes Structs of JSON, and handles other values as protobuf-es does", () => {
    const deep = { a: [1, "two", null, { b: [[], {}, true] }], 你: "好".repeat(100), "": Number.NaN, ["__proto__"]: 1 };
    check(proto3("Known"), { struct: deep, structs: [deep, {}, { x: deep }] });
    for (const odd of [{ a: undefined }, { a: 1n }, { a: new Date(0) }, [], "text", null, { a: () => 1 }])
      check(proto3("Known"), { struct: odd });
    check(StructSchema, { fields: { a: { kind: { case: "structValue", value: { fields: {} } } } } });
  });

  test("supports messages with getters that call encode", () => {
    const schema = proto3("Left");
    const inner = () =>
      hot(proto3("Text"))
        .encode({ text: "inner" } as never)
        .toString("latin1");
    const init = {
      get name() {
        return inner();
      },
    };
    check(schema, init);
    expect(hot(schema).encode(init as never)).toEqual(protobufEs(schema).encode(init as never));
  });

  test("throws a RangeError for a message with a cycle", () => {
    const circle: Record<string, unknown> = { items: ["x"] };
    circle["next"] = circle;
    expect(() => hot(proto3("Strings")).encode(circle as never)).toThrow(RangeError);
    check(proto3("Strings"), { items: ["still works"] });
  });
});

describe("text", () => {
  const lengths = [
    0, 1, 7, 8, 9, 10, 11, 12, 13, 23, 24, 25, 39, 40, 41, 42, 43, 63, 64, 127, 128, 129, 1023, 1024, 1025, 5461, 16383, 16384, 70000,
  ];

  test.each(["a", "é", "ß", "你", "\uffff", "😀", "\ud800", "\udfff", "\ufeff", "\0", "\ufffd"])(
    "of any length is encoded and decoded: %j",
    (character) => {
      for (const length of lengths) {
        check(proto3("Text"), { text: character.repeat(length), number: 1 });
        check(proto3("Text"), { text: `a${character.repeat(length)}` });
        check(proto3("Text"), { text: `${character.repeat(length)}a` });
      }
    },
  );

  test("that is not UTF-8 is rejected in proto3, and decoded with U+FFFD in proto2", () => {
    const wrong = [
      "ff",
      "c0 80",
      "c2",
      "e0 80 80",
      "ed a0 80",
      "ed b0 80",
      "f0 80 80 80",
      "f4 90 80 80",
      "f8 88 80 80 80",
      "e4 bd",
      "80",
      "c3 28",
      "61 e2 82",
    ];
    for (const bytes of wrong.map(hex)) {
      for (const padding of [0, 1, 11, 22, 30, 200]) {
        const text = Buffer.concat([Buffer.alloc(padding, "a"), bytes]);
        const message = Buffer.concat([
          hex("0a"),
          text.length < 128 ? Buffer.of(text.length) : Buffer.of((text.length & 0x7f) | 0x80, text.length >> 7),
          text,
        ]);
        expect(() => hot(proto3("Text")).decode(message)).toThrow(TypeError);
        checkDecode(proto3("Text"), message);
        checkDecode(proto2("Defaults"), message);
      }
    }
  });
});

describe("encoded bytes", () => {
  test("are not overwritten by the next message", () => {
    const schema = proto3("Blob");
    const held = Array.from({ length: 3000 }, (_, i) => {
      const init = { data: new Uint8Array((i * 37) % 5000).fill(i), text: `message ${i}` };
      return [hot(schema).encode(init as never), protobufEs(schema).encode(init as never)] as const;
    });
    for (const [got, expected] of held) expect(got.equals(expected)).toBe(true);
  });

  test("are correct for every size of a length prefix, at every depth", () => {
    for (const size of [
      0, 1, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 16378, 16379, 16380, 16381, 16382, 16383, 16384, 65000, 65536, 2097150,
      2097152,
    ]) {
      const item = "x".repeat(size);
      check(proto3("Strings"), { next: { next: { items: [item, "y"], next: { items: ["z"] } }, items: ["w"] } });
    }
  });

  test("are correct for any sequence of message sizes", () => {
    const sizes = [10, 1e6, 10, 60000, 5000, 5000, 70000, 100, 300000, 1, 0, 64 * 1024];
    for (const size of sizes) {
      const bytes = check(proto3("Blob"), { data: new Uint8Array(size).fill(1), text: "你好".repeat(size % 1000) });
      // The buffer is not much larger than the message.
      if (size > 64 * 1024) expect(bytes?.buffer.byteLength).toBeLessThan(size * 1.3 + 64 * 1024);
    }
  });

  test("are correct for long lists", () => {
    check(proto3("Doubles"), { items: Array.from({ length: 150_000 }, (_, i) => i / 3) });
    check(proto3("Strings"), { items: Array.from({ length: 50_000 }, (_, i) => `item ${i}`) });
    const many = protobufEs(proto3("Doubles")).encode({ items: Array.from({ length: 200_000 }, (_, i) => i) } as never);
    expect((hot(proto3("Doubles")).decode(many) as unknown as { items: number[] }).items.at(-1)).toBe(199_999);
  });

  test("are decoded up to a nesting of 100 levels", () => {
    const nested = (depth: number) => {
      let bytes = Buffer.alloc(0);
      for (let i = 1; i < depth; i++) {
        const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
        bytes = Buffer.concat([Buffer.of(0x12, ...length), bytes]);
      }
      return bytes;
    };
    const schema = proto3("Strings");
    warmUp(schema);
    const { read, Message } = readerOf(schema);
    expect(read).toBeTypeOf("function");
    expect(new Message()).toEqual(create(schema));
    expect(typeof checkDecode(schema, nested(100))).toBe("object");
    expect(checkDecode(schema, nested(101))).toMatch("maximum recursion depth of 100 reached");
    // The limit also applies to unknown groups.
    for (const depth of [98, 99, 100, 101]) checkDecode(schema, Buffer.concat([Buffer.alloc(depth, 0x1b), Buffer.alloc(depth, 0x1c)]));
  });

  test("cause the error of protobuf-es if they are malformed", () => {
    const schema = proto3("Text");
    expect(() => hot(schema).decode(hex("0a05"))).toThrow("premature EOF");
    expect(() => hot(schema).decode(hex("07"))).toThrow("illegal tag");
  });
});

describe("a hostile descriptor", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const names = [
    'a"];process.exit(1);//',
    "a'];globalThis.hostile=1;//",
    `\`\${globalThis.hostile=1}\``,
    '\\"];globalThis.hostile=1;//',
    "a\n;globalThis.hostile=1;//",
    "a\u2028globalThis.hostile=1\u2029",
    "*/globalThis.hostile=1/*",
    "constructor",
    "prototype",
    "__proto__",
    "$typeName",
    "$unknown",
    "m",
    "case",
    "hasOwnProperty",
    "",
    "0",
    "-1",
    " ",
  ];

  test.each(names)("cannot inject code through names: %j", (name) => {
    vi.stubGlobal("hostile", undefined);
    const messages = define({
      package: "p",
      enumType: [{ name: `E${name}`, value: [{ name, number: 0 }] }],
      messageType: [
        {
          name: "M",
          field: [
            field(name, 1, Type.STRING, { jsonName: name }),
            field(`${name}_list`, 2, Type.INT32, { label: Label.REPEATED }),
            field(`${name}_one`, 3, Type.INT64, { oneofIndex: 0 }),
            field(`${name}_child`, 4, `.p.${name}M`),
            field(`${name}_enum`, 5, Type.ENUM, { typeName: `.p.E${name}` }),
          ],
          oneofDecl: [{ name: `${name}_oneof` }],
        },
        { name: `${name}M`, field: [field(name, 1, Type.BYTES), field(`${name}2`, 2, Type.STRING, { label: Label.REPEATED })] },
      ],
    });
    const schema = messages("M");
    for (const member of schema.members) {
      const value =
        member.kind === "oneof"
          ? { case: member.fields[0]?.localName, value: 5n }
          : member.fieldKind === "list"
            ? [1, 2]
            : member.message
              ? {}
              : "x";
      check(schema, { [member.localName]: value });
    }
    checkDecode(schema, hex("0a0161 1203010203 1807 2206 0a0161 120162 2801"));
    checkDecode(messages(`${name}M`), hex("0a0161 120162"));
    expect(Reflect.get(globalThis, "hostile")).toBeUndefined();
  });

  test("cannot inject code through defaults", () => {
    const schema = define({
      syntax: "proto2",
      messageType: [{ name: "M", field: names.map((name, i) => field(`f${i}`, i + 1, Type.STRING, { defaultValue: name })) }],
    })("M");
    check(schema, {});
    check(schema, create(schema));
    expect((hot(schema).decode(Buffer.alloc(0)) as unknown as { f0: string }).f0).toBe(names[0]);
  });

  test("cannot inject code through numbers", () => {
    const { fields, members, ...schema } = proto3("Text");
    const number = "1: globalThis.hostile = 1; case 2" as unknown as number;
    const hostile = { ...schema, members, fields: fields.map((field) => ({ ...field, number })) } as DescMessage;
    expect(() => readerOf(hostile).compile()).toThrow("field number");
    expect(() => writerOf(hostile).compile()).toThrow("field number");
    const valued = proto2("Enums");
    const value = { number: "0 || (globalThis.hostile = 1)" };
    const enums = valued.fields.map((field) => ({ ...field, enum: { ...field.enum, values: [value] } }));
    expect(() => readerOf({ ...valued, fields: enums } as unknown as DescMessage).compile()).toThrow("enum");
    expect(Reflect.get(globalThis, "hostile")).toBeUndefined();
  });

  test("that redefines Struct or a wrapper is handled by protobuf-es", () => {
    const proto = create(FileDescriptorProtoSchema, {
      name: "other.proto",
      syntax: "proto3",
      package: "google.protobuf",
      messageType: [
        { name: "Struct", field: [field("fields", 1, Type.STRING)] },
        { name: "Int32Value", field: [field("value", 1, Type.INT32), field("more", 2, Type.INT32)] },
        { name: "M", field: [field("struct", 1, ".google.protobuf.Struct"), field("number", 2, ".google.protobuf.Int32Value")] },
      ],
    });
    const schema = createFileRegistry(proto, () => undefined).getMessage("google.protobuf.M") as DescMessage;
    expect(() => readerOf(schema).compile()).toThrow("nonstandard Struct");
    check(schema, { number: 5 });
    check(schema, { struct: { a: 1 } });
    checkDecode(schema, hex("12040805 1006"));
    checkDecode(schema, hex("0a00"));
  });
});

test("edition features are respected for each field", () => {
  const schema = define({
    syntax: "editions",
    edition: Edition.EDITION_2023,
    enumType: [{ name: "E", value: [{ name: "A", number: 3 }], options: { features: { enumType: FeatureSet_EnumType.CLOSED } } }],
    messageType: [
      {
        name: "M",
        field: [
          field("explicit", 1, Type.INT32),
          field("implicit", 2, Type.INT32, { options: { features: { fieldPresence: 2 } } }),
          field("required", 3, Type.INT32, { options: { features: { fieldPresence: 3 } } }),
          field("expanded", 4, Type.INT32, { label: Label.REPEATED, options: { features: { repeatedFieldEncoding: 2 } } }),
          field("group", 5, ".M", { options: { features: { messageEncoding: 2 } } }),
          field("loose", 6, Type.STRING, { options: { features: { utf8Validation: 3 } } }),
          field("closed", 7, Type.ENUM, { typeName: ".E" }),
        ],
      },
    ],
  })("M");
  expect(check(schema, { explicit: 0, implicit: 0, required: 0, expanded: [1, 2], group: { required: 1 } })?.toString("hex")).toBe(
    "0800180020012002" + "2b18012c",
  );
  check(schema, { explicit: 1 });
  for (const bytes of ["22020102 2001", "32 01 ff", "3805 3803", "2b 0801 2c"]) checkDecode(schema, hex(bytes));
});

test("messages of all sizes, in any order, are encoded and stay unchanged", () => {
  const codec = hot(StringValueSchema);
  // Messages above 16 KiB get a buffer of their own, sized by the previous messages.
  const sizes = [10, 20_000, 20_000, 20_000, 10, 200_000, 200_000, 180_000, 300_000, 200_000, 10, 10, 70_000, 70_000, 15_000, 5, 70_000];
  const values = sizes.map((size, index) => String.fromCharCode(97 + index).repeat(size));
  const written = values.map((value) => codec.encode({ value }));
  for (const [index, value] of values.entries()) {
    expect(written[index]?.equals(toBinary(StringValueSchema, create(StringValueSchema, { value })))).toBe(true);
  }
});

test("compiled equals protobufEs where code generation is disabled", async () => {
  const script = `
    import { TimestampSchema } from "@bufbuild/protobuf/wkt";
    import { compiled } from ${JSON.stringify(fileURLToPath(import.meta.resolve("./compiled.ts")))};
    let allowed = true;
    try { new Function("return 1"); } catch { allowed = false; }
    const codec = compiled(TimestampSchema);
    const bytes = codec.encode({ seconds: 5n, nanos: 7 });
    console.log(JSON.stringify([allowed, bytes.toString("hex"), codec.decode(bytes).nanos]));`;
  const run = promisify(execFile);
  const flags = ["--conditions=@grpc-study/source", "--input-type=module", "-e", script];
  const bytes = Buffer.from(toBinary(TimestampSchema, create(TimestampSchema, { seconds: 5n, nanos: 7 }))).toString("hex");
  const options = { cwd: fileURLToPath(new URL("../..", import.meta.url)) };
  const without = await run(process.execPath, ["--disallow-code-generation-from-strings", ...flags], options);
  expect(JSON.parse(without.stdout)).toEqual([false, bytes, 7]);
  const allowed = await run(process.execPath, flags, options);
  expect(JSON.parse(allowed.stdout)).toEqual([true, bytes, 7]);
});

test("a descriptor, which is a message itself, makes a round trip", () => {
  const { proto } = file_google_protobuf_descriptor;
  const bytes = check(FileDescriptorProtoSchema, proto) as Buffer;
  expect(fromBinary(FileDescriptorProtoSchema, bytes)).toEqual(proto);
});
