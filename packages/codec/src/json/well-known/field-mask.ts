// google.protobuf.FieldMask in JSON: one string of comma-separated lowerCamelCase paths.
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { Fault, isNot, shown } from "../error.ts";
import { checkDepth } from "../read/depth.ts";
import { spend } from "../read/text.ts";

export function readFieldMask(json: unknown, depth: number): FieldMask {
  checkDepth(depth);
  if (typeof json !== "string" || json.includes("_")) {
    return isNot(json, "a field mask (comma-separated lowerCamelCase paths)");
  }
  const paths = json === "" ? [] : json.split(",");
  spend(paths.length);
  return { $typeName: "google.protobuf.FieldMask", paths: paths.map(snakeCase) };
}

/** `true` if the field mask has a JSON form that reads back unchanged. */
export function isFieldMask({ paths }: FieldMask): boolean {
  return paths.every((path) => !path.includes(",") && snakeCase(camelCase(path)) === path) && !(paths.length === 1 && paths[0] === "");
}

export function printFieldMask({ paths }: FieldMask): string {
  const camel = paths.map((path) => {
    const there = camelCase(path);
    if (snakeCase(there) !== path) {
      throw new Fault(`the path ${shown(path)} does not survive the conversion to lowerCamelCase and back`);
    }
    return there;
  });
  return JSON.stringify(camel.join(","));
}

function snakeCase(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Follows protoc: removes underscores and capitalizes the next character, unless it is a digit. */
function camelCase(snake: string): string {
  return snake.replace(/_+(.?)/gs, (_, next: string) => next.toUpperCase());
}
