// Descriptors can come from untrusted sources, such as server reflection and files. Nothing in them
// may become code or change anything but messages. processes.test.ts has what needs a process.
import { create, createFileRegistry, type DescMessage, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import * as json3 from "../../test/gen/json3_pb.js";
import { JsonError, jsonCodec, jsonFieldCodec, TooManyElementsError } from "./index.ts";

declare global {
  var owned: string | undefined;
}

const payloads = [
  '"];globalThis.owned="x";//',
  "'+(globalThis.owned='x')+'",
  "`+(globalThis.owned='x')+`",
  "\\\";globalThis.owned='x';//",
  "*/globalThis.owned='x';/*",
  "\u2028globalThis.owned='x'//",
  "a\nglobalThis.owned='x'\n",
  "case\":globalThis.owned='x';case\"",
  "__proto__",
  "constructor",
  "prototype",
  "}});globalThis.owned='x';({",
  "<!--",
  "\ud800",
];

/**
 * Returns a message type that uses the payload for every name. protobuf-es rejects files with such
 * names, except JSON names, so the names are set afterwards.
 */
function hostileType(payload: string): DescMessage {
  const optional = FieldDescriptorProto_Label.OPTIONAL;
  const file = create(FileDescriptorProtoSchema, {
    name: "hostile.proto",
    syntax: "proto2",
    enumType: [{ name: "E", value: [{ name: "ZERO", number: 0 }] }],
    messageType: [
      {
        name: "M",
        oneofDecl: [{ name: "o" }],
        field: [
          { name: "a", number: 1, label: optional, type: FieldDescriptorProto_Type.STRING, defaultValue: payload },
          { name: "b", number: 2, label: optional, type: FieldDescriptorProto_Type.INT32, oneofIndex: 0 },
          { name: "c", number: 3, label: optional, type: FieldDescriptorProto_Type.MESSAGE, typeName: ".M" },
          { name: "d", number: 4, label: FieldDescriptorProto_Label.REPEATED, type: FieldDescriptorProto_Type.MESSAGE, typeName: ".M" },
          { name: "e", number: 5, label: optional, type: FieldDescriptorProto_Type.ENUM, typeName: ".E" },
        ],
      },
    ],
  });
  for (const field of file.messageType[0]?.field ?? []) {
    field.jsonName = `${field.name}${payload}`;
  }
  const registry = createFileRegistry(file, () => undefined);
  const [message, enumeration] = [registry.getMessage("M"), registry.getEnum("E")];
  if (message === undefined || enumeration === undefined) {
    throw new Error("not in the file");
  }
  for (const desc of [message, enumeration]) {
    Object.assign(desc, { name: payload, typeName: payload });
  }
  for (const value of enumeration.values) {
    Object.assign(value, { name: payload, jsonName: payload });
  }
  for (const member of [...message.fields, ...message.oneofs]) {
    Object.assign(member, { name: `${member.name}_${payload}`, localName: `${member.localName}${payload}` });
  }
  return message;
}

describe.each(payloads)("a descriptor with the names %j", (payload) => {
  test("gives the JSON of protobuf-es and runs no code", () => {
    const desc = hostileType(payload);
    const codec = jsonCodec(desc);
    const child = { [`a${payload}`]: "x", [`e${payload}`]: payload };
    const text = JSON.stringify({
      [`a${payload}`]: payload.toWellFormed(),
      [`b${payload}`]: 5,
      [`c${payload}`]: child,
      [`d${payload}`]: [child, {}],
      [`e${payload}`]: payload,
    });
    const message = codec.parse(text);
    expect(message).toStrictEqual(fromJsonString(desc, text));
    expect(codec.print(message)).toBe(toJsonString(desc, message));
    expect(() => codec.parse(JSON.stringify({ [`d${payload}`]: [{ [`b${payload}`]: payload }] }))).toThrow(/is not an int32/);
    for (const field of desc.fields) {
      const into = create(desc);
      jsonFieldCodec(field).parseInto("null", into);
      jsonFieldCodec(field).print(into);
    }
    expect(globalThis.owned).toBeUndefined();
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});

test("keys of the input do not change prototypes", () => {
  const desc = hostileType("");
  const message = jsonCodec(desc).parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"c":{"__proto__":{"polluted":1}}}',
  );
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect((message as unknown as Record<string, unknown>)["polluted"]).toBeUndefined();
});

describe("the element limit", () => {
  const limited = (elementLimit: number) => jsonCodec(json3.TreeSchema, { elementLimit });

  test("a message counts as one plus its fields, an item of a list or map as one", () => {
    const cost = json3.TreeSchema.fields.length + 1;
    const text = JSON.stringify({ children: [{}, {}], named: { a: {}, b: { left: {} } } });
    expect(() => limited(6 * cost + 4).parse(text)).not.toThrow();
    expect(() => limited(6 * cost + 3).parse(text)).toThrow(TooManyElementsError);
    expect(() => limited(6 * cost + 3).parse(text)).toThrow(`the JSON has more than ${6 * cost + 3} elements`);
    // The limit applies to each text separately.
    expect(() => limited(6 * cost + 4).parse(text)).not.toThrow();
  });

  test("objects are counted before JSON.parse creates them, and braces in strings do not count", () => {
    expect(() => limited(10).parse(`{"unknown":[${"{},".repeat(20)}{}]`)).toThrow(TooManyElementsError);
    expect(() => limited(10).parse(`{"name":"${'{[\\"'.repeat(1000)}"}`)).not.toThrow();
    expect(() => limited(10).parse(`{"name":"${"{".repeat(1000)}`)).toThrow("malformed JSON");
  });

  test.each([
    ["int64Value", "9".repeat(4_000_000), "an int64"],
    ["uint64Value", `0${"0".repeat(4_000_000)}1`, "a uint64"],
    ["int64Value", `0x${"f".repeat(4_000_000)}`, "an int64"],
    ["doubleValue", "1".repeat(4_000_000), "a double"],
    ["int32Value", "0".repeat(4_000_000), "an int32"],
  ])("a long text for %s is rejected before it is converted", (name, text, what) => {
    expect(() => jsonCodec(json3.ScalarsSchema).parse(JSON.stringify({ [name]: text }))).toThrow(`is not ${what}`);
  });

  test.each(["int32s", "int64s", "uint64s"])("a long key of %s is rejected before it is converted", (name) => {
    const { field } = json3.MapsSchema;
    expect(field).toHaveProperty(name);
    expect(() => jsonCodec(json3.MapsSchema).parse(JSON.stringify({ [name]: { ["7".repeat(4_000_000)]: 1 } }))).toThrow(JsonError);
  });
});
