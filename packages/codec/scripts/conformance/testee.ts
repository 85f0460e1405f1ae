// The program under test: reads requests of the conformance runner from standard input and answers
// on standard output. A four-byte length precedes each message. Binary goes through the named
// codec. JSON and text, which the runner compares with it, go through protobuf-es.
//
//   node testee.ts compiled|protobuf-es descriptors.binpb
import { readFileSync, readSync, writeSync } from "node:fs";
import { createFileRegistry, fromBinary, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { fromText, toText } from "@bufbuild/protobuf/txtpb";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { compiled } from "../../src/binary/compiled.ts";
import { protobufEs } from "../../src/binary/protobuf-es.ts";
import { warmUp } from "../../src/binary/warm-up.ts";
import type { CodecFactory } from "../../src/codec.ts";

const [codecName, descriptors = ""] = process.argv.slice(2);
/** Generates the code of a type before its first message. */
const hot: CodecFactory = (schema) => {
  warmUp(schema);
  return compiled(schema);
};
const codecs: Readonly<Record<string, CodecFactory>> = { compiled: hot, "protobuf-es": protobufEs };
const encoding = codecs[codecName ?? ""] ?? unknownCodec();
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));

function unknownCodec(): never {
  throw new TypeError(`unknown codec: ${codecName}`);
}

function messageType(name: string) {
  const schema = registry.getMessage(name);
  if (schema === undefined) throw new TypeError(`unknown message: ${name}`);
  return schema;
}

const requests = protobufEs(messageType("conformance.ConformanceRequest"));
const responses = protobufEs(messageType("conformance.ConformanceResponse"));

/** conformance.ConformanceRequest, for which no code is generated. */
interface Request {
  readonly payload: { readonly case?: string; readonly value?: unknown };
  readonly requestedOutputFormat: number;
  readonly messageType: string;
  readonly testCategory: number;
  readonly printUnknownFields: boolean;
}

const ignoringUnknown = 3; // TestCategory.JSON_IGNORE_UNKNOWN_PARSING_TEST

interface Result {
  readonly case: string;
  readonly value: string | Uint8Array;
}

function parse({ payload, messageType: name, testCategory }: Request) {
  const schema = messageType(name);
  switch (payload.case) {
    case "protobufPayload":
      return encoding(schema).decode(Buffer.from(payload.value as Uint8Array));
    case "jsonPayload":
      return fromJsonString(schema, payload.value as string, { registry, ignoreUnknownFields: testCategory === ignoringUnknown });
    case "textPayload":
      return fromText(schema, payload.value as string, { registry });
  }
  throw new TypeError(`cannot read ${payload.case}`);
}

function print(message: ReturnType<typeof parse>, { requestedOutputFormat, messageType: name, printUnknownFields }: Request): Result {
  const schema = messageType(name);
  switch (requestedOutputFormat) {
    case 1:
      return { case: "protobufPayload", value: encoding(schema).encode(message) };
    case 2:
      return { case: "jsonPayload", value: toJsonString(schema, message, { registry }) };
    case 4:
      return { case: "textPayload", value: toText(schema, message, { registry, printUnknownFields }) };
  }
  throw new TypeError(`cannot write format ${requestedOutputFormat}`);
}

function answer(request: Request): Result {
  if (request.payload.case === "jspbPayload") return { case: "skipped", value: "no JSPB" };
  let message: ReturnType<typeof parse>;
  try {
    message = parse(request);
  } catch (error) {
    return { case: "parseError", value: String(error) };
  }
  try {
    return print(message, request);
  } catch (error) {
    return { case: "serializeError", value: String(error) };
  }
}

/** Reads `length` bytes. Returns `undefined` at the end of the input. */
function read(length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const count = readSync(0, bytes, at, length - at, null);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}

function write(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

for (;;) {
  const length = read(4)?.readUInt32LE();
  const bytes = length === undefined ? undefined : read(length);
  if (bytes === undefined) break;
  const response = responses.encode({ result: answer(requests.decode(bytes) as unknown as Request) } as never);
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(response.length);
  write(Buffer.concat([prefix, response]));
}
