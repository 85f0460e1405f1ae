import { create, createFileRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { beforeEach, expect, test } from "vitest";
import { define, field, Label, Type } from "../../test/define.ts";
import { difference } from "../../test/random/same.ts";
import { thresholds } from "../heat.ts";
import { compiled } from "./compiled.ts";
import { protobufEs } from "./protobuf-es.ts";
import { readerOf } from "./read/reader.ts";
import { warmUp } from "./warm-up.ts";
import { writerOf } from "./write/writer.ts";

beforeEach(() => {
  Object.assign(thresholds, { messages: 4, messagesPerField: 0, bytesPerMessage: 1e9 });
});

/** Returns newly defined types on each call. */
const shop = () =>
  define({
    messageType: [
      {
        name: "Order",
        field: [field("id", 1, Type.STRING), field("items", 2, ".Item", { label: Label.REPEATED }), field("main", 3, ".Item")],
      },
      {
        name: "Item",
        field: [field("name", 1, Type.STRING), field("count", 2, Type.INT32), field("parts", 3, ".Part", { label: Label.REPEATED })],
      },
      { name: "Part", field: [field("serial", 1, Type.INT64), field("raw", 2, Type.BYTES)] },
    ],
  });

const order = {
  id: "o",
  items: [
    { name: "a", count: 1, parts: [{ serial: 5n, raw: new Uint8Array([1, 2]) }] },
    { name: "b", count: -1 },
  ],
  main: { name: "m", parts: [{ serial: -7n }] },
};

const isCompiled = (...types: readonly DescMessage[]) => types.map((type) => [readerOf(type).isCompiled, writerOf(type).isCompiled]);

test("each type is compiled when it is hot, the outer one first, and messages stay the same", () => {
  const types = shop();
  const [Order, Item, Part] = [types("Order"), types("Item"), types("Part")];
  const codec = compiled(Order);
  const bytes = protobufEs(Order).encode(order as never);
  const expected = protobufEs(Order).decode(bytes);
  const seen = new Set<string>();
  for (let i = 0; i < 12; i++) {
    expect(difference(codec.decode(bytes), expected)).toBeUndefined();
    expect(codec.encode(order as never).equals(bytes)).toBe(true);
    expect(codec.encode(expected).equals(bytes)).toBe(true);
    seen.add(JSON.stringify(isCompiled(Order, Item, Part)));
  }
  expect(isCompiled(Order, Item, Part).flat()).not.toContain(false);
  expect([...seen][0]).toBe("[[false,false],[false,false],[false,false]]");
  expect(seen.size).toBeGreaterThan(3);
});

test("the reader and writer of a type are compiled separately", () => {
  const Part = shop()("Part");
  for (let i = 0; i < 10; i++) compiled(Part).decode(Buffer.alloc(0));
  expect(isCompiled(Part)).toEqual([[true, false]]);
});

test("a large message counts as many: compiled code reads it at once and writes the next one", () => {
  thresholds.bytesPerMessage = 128;
  const Item = shop()("Item");
  const bytes = compiled(Item).encode({ name: "n".repeat(1000) } as never);
  expect(isCompiled(Item)).toEqual([[false, true]]);
  compiled(Item).decode(bytes);
  expect(isCompiled(Item)).toEqual([[true, true]]);
});

test("a value that extends beyond its message is read as in protobuf-es, in each tier", () => {
  // An Item of one byte, whose field has its value beyond the Item's end.
  const bytes = Buffer.from("1a011005", "hex");
  const types = shop();
  const Order = types("Order");
  const expected = protobufEs(Order).decode(bytes);
  for (let i = 0; i < 12; i++) expect(difference(compiled(Order).decode(bytes), expected)).toBeUndefined();
});

test.each([98, 99, 100, 101])("%i levels give the same result in each tier", (levels) => {
  const Strings = define({
    messageType: [
      { name: "Strings", field: [field("next", 1, ".Other")] },
      { name: "Other", field: [field("next", 1, ".Strings")] },
    ],
  })("Strings");
  let bytes = Buffer.alloc(0);
  for (let i = 1; i < levels; i++) {
    const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
    bytes = Buffer.from([0x0a, ...length, ...bytes]);
  }
  const outcome = (read: () => unknown) => {
    try {
      return read();
    } catch (error) {
      return String(error);
    }
  };
  const expected = outcome(() => protobufEs(Strings).decode(bytes));
  for (let i = 0; i < 300; i++)
    expect(
      difference(
        outcome(() => compiled(Strings).decode(bytes)),
        expected,
      ),
    ).toBeUndefined();
});

test("a nested message of another type is rejected in each tier", () => {
  const types = shop();
  const Order = types("Order");
  const part = create(types("Part"));
  const wrong = Object.assign(create(Order), { main: part });
  expect(() => protobufEs(Order).encode(wrong)).toThrow();
  for (let i = 0; i < 12; i++) {
    expect(() => compiled(Order).encode(wrong)).toThrow("cannot use field Item.name with message Part");
    compiled(Order).encode(order as never);
  }
});

test("a type that cannot be compiled stays with protobuf-es, and its enclosing types are compiled", () => {
  const file = define({
    messageType: [
      { name: "Around", field: [field("odd", 1, ".Odd"), field("name", 2, Type.STRING)] },
      { name: "Odd", field: [field("a", 1, Type.STRING), field("b", 1, Type.STRING)] },
    ],
  });
  const [Around, Odd] = [file("Around"), file("Odd")];
  const expected = toBinary(Around, create(Around, { odd: { b: "x" }, name: "n" } as never));
  for (let i = 0; i < 20; i++) {
    expect(
      compiled(Around)
        .encode({ odd: { b: "x" }, name: "n" } as never)
        .equals(expected),
    ).toBe(true);
    expect(difference(compiled(Around).decode(Buffer.from(expected)), protobufEs(Around).decode(Buffer.from(expected)))).toBeUndefined();
  }
  expect(isCompiled(Around, Odd)).toEqual([
    [true, true],
    [false, false],
  ]);
});

test("warmUp compiles all types of a service", () => {
  const type = (name: string, of: string | undefined) => ({
    name,
    field: of === undefined ? [] : [{ name: "a", number: 1, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: of }],
  });
  const file = create(FileDescriptorProtoSchema, {
    name: "service.proto",
    syntax: "proto3",
    messageType: [type("Request", ".Within"), type("Within", ".Request"), type("Response", undefined), type("Unused", undefined)],
    service: [{ name: "S", method: [{ name: "Call", inputType: ".Request", outputType: ".Response" }] }],
  });
  const registry = createFileRegistry(file, () => undefined);
  const message = (name: string) => registry.getMessage(name) as DescMessage;
  warmUp(registry.getService("S") as never);
  expect(isCompiled(message("Request"), message("Within"), message("Response")).flat()).not.toContain(false);
  expect(isCompiled(message("Unused"))).toEqual([[false, false]]);
});
