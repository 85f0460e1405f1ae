// Converts path templates to OpenAPI paths, where a parameter is one named segment. Variables with
// several segments are expanded: `/v1/{name=shelves/*}` becomes `/v1/shelves/{name}`, which clients
// can call directly.
import type { Binding, BoundVariable } from "../http-rule/rule.ts";
import type { Segment } from "../http-rule/template.ts";

/** A path parameter without its schema. */
export interface PathParameter {
  readonly name: string;
  readonly segment: Exclude<Segment, { readonly literal: string }>;
  /** `undefined` for a wildcard outside variables. */
  readonly variable: BoundVariable | undefined;
}

export interface OpenApiPath {
  readonly text: string;
  readonly parameters: readonly PathParameter[];
}

/**
 * Assigns parameter names. OpenAPI treats paths that differ only in parameter names as one, so they
 * share the names of the first.
 */
export class Paths {
  readonly #names = new Map<string, readonly string[]>();

  /** @param nameOf the preferred name of a variable. */
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

/** The 1-based position of a name among its duplicates. */
function ordinal(names: readonly string[], index: number): number {
  return names.slice(0, index + 1).filter((name) => name === names[index]).length;
}

function render(segments: readonly Segment[], verb: string | undefined, name: () => string): string {
  const path = segments.map((segment) => `/${typeof segment === "string" ? `{${name()}}` : encode(segment.literal)}`).join("");
  return verb === undefined ? path : `${path}:${encode(verb)}`;
}

/** Percent-encodes only what a path segment may not contain. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(?:3A|40|24|26|2B|2C|3B|3D)/g, decodeURIComponent);
}

/** Describes a parameter that does not correspond to exactly one field. */
export function describeSegment(
  { name, segment, variable }: PathParameter,
  field: string,
  template: Binding["template"],
): string | undefined {
  const several = "Any number of segments. Send the slashes between them unencoded, not as `%2F`.";
  if (variable === undefined) return `Any text. It does not set a field of the request.${segment === "**" ? ` ${several}` : ""}`;
  const own = template.segments.slice(variable.start, variable.end);
  const parts = own.map((part) => (typeof part === "string" ? part : part.literal)).join("/");
  const whole = own.length === 1 ? undefined : `Part of the field \`${field}\`, whose value is \`${parts}\`.`;
  const renamed = name === field || whole !== undefined ? undefined : `The field \`${field}\`.`;
  return [whole, renamed, segment === "**" ? several : undefined].filter((part) => part !== undefined).join(" ") || undefined;
}

/** Whether a parameter is the whole value of its field. */
export function isWholeField({ variable }: PathParameter, template: Binding["template"]): boolean {
  return variable !== undefined && template.segments.slice(variable.start, variable.end).length === 1;
}
