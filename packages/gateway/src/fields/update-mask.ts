// Derives the FieldMask of a PATCH request that has none from the fields in its body.
import { create, type DescField, type DescMessage, type JsonValue, type Message } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { findField } from "./field-path.ts";

/** The `update_mask` field of a PATCH request (https://google.aip.dev/134). */
export function updateMaskField(message: DescMessage): DescField | undefined {
  const field = findField(message, "update_mask");
  return field?.fieldKind === "message" && field.message.typeName === FieldMaskSchema.typeName ? field : undefined;
}

/** Sets `update_mask` to the paths of the fields in the body. */
export function deriveUpdateMask(request: Message, mask: DescField, message: DescMessage, body: JsonValue): void {
  const properties = request as Message & Record<string, unknown>;
  properties[mask.localName] = create(FieldMaskSchema, { paths: [...pathsOf(message, body, "")].sort() });
}

/**
 * The leaf paths, in the order of grpc-gateway. Lists, maps and well-known types count as leaves.
 */
function* pathsOf(message: DescMessage, value: JsonValue, prefix: string): Generator<string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    const field = findField(message, name);
    if (field === undefined) continue;
    const path = prefix + field.name;
    const plain = field.fieldKind === "message" && !field.message.typeName.startsWith("google.protobuf.");
    const paths = plain ? [...pathsOf(field.message, inner, `${path}.`)] : [];
    yield* paths.length > 0 ? paths : [path];
  }
}
