// google.protobuf.FieldMask in JSON: one string of lowerCamelCase paths with commas.
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { Fault, isNot, shown } from "../error.ts";
import { checkDepth } from "../read/depth.ts";
import { spend } from "../read/text.ts";

export function readFieldMask(json: unknown, depth: number): FieldMask {
  checkDepth(depth);
  if (typeof json !== "string" || json.includes("_")) {
    return isNot(json, "a field mask (lowerCamelCase paths with commas)");
  }
  const paths = json === "" ? [] : json.split(",");
  spend(paths.length);
  return { $typeName: "google.protobuf.FieldMask", paths: paths.map(snakeCase) };
}

/** Whether a field mask has a form in JSON: one that leads back to it. */
export function isFieldMask({ paths }: FieldMask): boolean {
  return paths.every((path) => !path.includes(",") && snakeCase(camelCase(path)) === path) && !(paths.length === 1 && paths[0] === "");
}

export function printFieldMask({ paths }: FieldMask): string {
  const camel = paths.map((path) => {
    const there = camelCase(path);
    if (snakeCase(there) !== path) {
      throw new Fault(`the path ${shown(path)} has no lowerCamelCase that leads back to it`);
    }
    return there;
  });
  return JSON.stringify(camel.join(","));
}

function snakeCase(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** protoc's rule: underscores go, and what follows them is upper case unless it is a digit. */
function camelCase(snake: string): string {
  return snake.replace(/_+(.?)/gs, (_, next: string) => next.toUpperCase());
}
