// Path templates in OpenAPI's terms. There a parameter is one segment of the path, and has a name. So what a variable consists of is
// written out: of `/v1/{name=shelves/*}`, the path is `/v1/shelves/{name}`, which is also what can be called as it stands.
import type { Binding, BoundVariable } from "../http-rule/rule.ts";
import type { Segment } from "../http-rule/template.ts";

/** A parameter of a path, before its schema. */
export interface PathParameter {
  readonly name: string;
  readonly segment: Exclude<Segment, { readonly literal: string }>;
  /** Undefined if it is a wildcard that no variable takes. */
  readonly variable: BoundVariable | undefined;
}

export interface OpenApiPath {
  readonly text: string;
  readonly parameters: readonly PathParameter[];
}

/** Paths that differ by the names of parameters only are one path to OpenAPI. So each gets the names that the first one has. */
export class Paths {
  readonly #names = new Map<string, readonly string[]>();

  /** @param nameOf how a variable would be called, by its own lights. */
  of({ template, variables }: Binding, nameOf: (variable: BoundVariable) => string): OpenApiPath {
    const wildcards = template.segments.flatMap((segment, index) => {
      if (typeof segment !== "string") return [];
      return { segment, index, variable: variables.find(({ start, end = Number.POSITIVE_INFINITY }) => start <= index && index < end) };
    });
    const shape = render(template.segments, template.verb, () => "");
    let names = this.#names.get(shape);
    if (names === undefined) {
      const own = wildcards.map(({ variable }) => (variable === undefined ? "segment" : nameOf(variable)));
      names = own.map((name, index) => (own.filter((other) => other === name).length === 1 ? name : `${name}_${ordinal(own, index)}`));
      this.#names.set(shape, names);
    }
    const parameters = wildcards.map(({ segment, variable }, index) => ({ name: names[index] ?? "", segment, variable }));
    let next = 0;
    return { text: render(template.segments, template.verb, () => names[next++] ?? ""), parameters };
  }
}

/** Which one of its name it is: from 1. */
function ordinal(names: readonly string[], index: number): number {
  return names.slice(0, index + 1).filter((name) => name === names[index]).length;
}

function render(segments: readonly Segment[], verb: string | undefined, name: () => string): string {
  const path = segments.map((segment) => `/${typeof segment === "string" ? `{${name()}}` : encode(segment.literal)}`).join("");
  return verb === undefined ? path : `${path}:${encode(verb)}`;
}

/** Only what a path may not contain. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(?:3A|40|24|26|2B|2C|3B|3D)/g, decodeURIComponent);
}

/** What there is to say of a parameter that is not just a field. */
export function describeSegment(
  { name, segment, variable }: PathParameter,
  field: string,
  template: Binding["template"],
): string | undefined {
  const several = "Any number of segments: the slashes between them are to be sent as they are, not as `%2F`.";
  if (variable === undefined) return `Any text: it is no field of the request.${segment === "**" ? ` ${several}` : ""}`;
  const own = template.segments.slice(variable.start, variable.end);
  const parts = own.map((part) => (typeof part === "string" ? part : part.literal)).join("/");
  const whole = own.length === 1 ? undefined : `A part of the field \`${field}\`, which is \`${parts}\`.`;
  const renamed = name === field || whole !== undefined ? undefined : `The field \`${field}\`.`;
  return [whole, renamed, segment === "**" ? several : undefined].filter((part) => part !== undefined).join(" ") || undefined;
}

/** Whether a parameter is all of its field, and not only a part. */
export function isWholeField({ variable }: PathParameter, template: Binding["template"]): boolean {
  return variable !== undefined && template.segments.slice(variable.start, variable.end).length === 1;
}
