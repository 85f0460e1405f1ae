// Defines message types that no .proto file could define.
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { fileDesc } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

type FileInit = MessageInitShape<typeof FileDescriptorProtoSchema>;

/**
 * Returns a function that finds the messages of a file by name. As for generated code, the file is
 * not validated, so its names may be anything.
 */
export function define(file: FileInit): (name: string) => DescMessage {
  const proto = create(FileDescriptorProtoSchema, { name: "defined.proto", syntax: "proto3", ...file });
  proto.dependency = ["google/protobuf/struct.proto", "google/protobuf/wrappers.proto"];
  const encoded = Buffer.from(toBinary(FileDescriptorProtoSchema, proto)).toString("base64");
  const { messages } = fileDesc(encoded, [file_google_protobuf_struct, file_google_protobuf_wrappers]);
  return (name) => {
    const message = messages.find((message) => message.name === name);
    if (message === undefined) throw new TypeError(`unknown message: ${name}`);
    return message;
  };
}

type FieldInit = NonNullable<NonNullable<NonNullable<FileInit["messageType"]>[number]>["field"]>[number];

/** Returns a field of a scalar type, or of a message type named `.Name`. */
export function field(name: string, number: number, type: Type | string, init: FieldInit = {}): FieldInit {
  return {
    name,
    jsonName: name,
    number,
    label: Label.OPTIONAL,
    ...(typeof type === "string" ? { type: Type.MESSAGE, typeName: type } : { type }),
    ...init,
  };
}

export { Label, Type };
