// From the google.api.http rules of a method to its bindings: an HTTP method, a path template, and what goes where.
import { METHODS } from "node:http";
import { create, type DescField, type DescMethod, type DescService, getOption, hasOption, type MessageInitShape } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { type FieldPath, findField, isTextual, resolveFieldPath } from "../fields/field-path.ts";
import { type PathTemplate, parseTemplate, TemplateError, type Variable } from "./template.ts";

/** A rule as it stands in an API configuration; `selector` is the full name of a method, or `package.Service.*`. */
export type HttpRuleInit = MessageInitShape<typeof HttpRuleSchema>;

/** One way to call a method over HTTP. */
export interface Binding {
  readonly method: DescMethod;
  /** `GET`, `POST`, …, or `*` for any. */
  readonly verb: string;
  readonly template: PathTemplate;
  readonly variables: readonly BoundVariable[];
  /** What the request's body is: nothing, the whole message, or a field of it. */
  readonly body: "*" | DescField | undefined;
  /** The field of the response that is its body; undefined: the whole message. */
  readonly responseBody: DescField | undefined;
}

export interface BoundVariable extends Variable {
  readonly path: FieldPath;
}

/** Rules that cannot be served. The message has a line for each fault, which names the method. */
export class RuleError extends Error {
  readonly faults: readonly string[];

  constructor(faults: string | readonly string[]) {
    const all = [faults].flat();
    super(all.join("\n"));
    this.faults = all;
  }

  static {
    RuleError.prototype.name = "RuleError";
  }
}

export interface BindingOptions {
  /** Rules that stand beside the .proto; for a method they select, they count instead of its own. */
  readonly rules?: readonly HttpRuleInit[] | undefined;
  /** Serve a method without a rule as `POST /<package.Service>/<Method>`, with the whole message as its body. */
  readonly unbound?: boolean | undefined;
}

/** The bindings of a method. @throws RuleError for all faults of its rule. */
export function bindingsOf(method: DescMethod, { rules, unbound }: BindingOptions = {}): Binding[] {
  const rule = selectedRule(method, rules) ?? (hasOption(method, http) ? getOption(method, http) : undefined);
  if (rule === undefined || rule.pattern.case === undefined) {
    if (rule !== undefined && rule.additionalBindings.length > 0) fail(method, "its google.api.http rule has no path");
    return unbound ? [bind(method, create(HttpRuleSchema, { pattern: { case: "post", value: pathOf(method) }, body: "*" }))] : [];
  }
  const faults = new Faults();
  for (const additional of rule.additionalBindings) {
    if (additional.additionalBindings.length > 0) faults.collect(() => fail(method, "additional_bindings within additional_bindings"));
  }
  const bindings = [rule, ...rule.additionalBindings].map((rule) => faults.collect(() => bind(method, rule)));
  faults.throw();
  return bindings.filter((binding) => binding !== undefined);
}

/** Faults of rules, which are thrown all at once: whoever mends one rule after the other would start the gateway once for each. */
export class Faults {
  readonly #faults: string[] = [];

  /** What `work` returns; undefined if it throws a RuleError. */
  collect<Value>(work: () => Value): Value | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      this.#faults.push(...error.faults);
      return undefined;
    }
  }

  add(fault: string): void {
    this.#faults.push(fault);
  }

  /** @throws RuleError if there is a fault. */
  throw(): void {
    if (this.#faults.length > 0) throw new RuleError(this.#faults);
  }
}

/** The last one that selects the method, as in Google's API configuration. */
function selectedRule(method: DescMethod, rules: readonly HttpRuleInit[] = []): HttpRule | undefined {
  const name = nameOf(method);
  const rule = rules.findLast(({ selector = "" }) => selector.split(",").some((one) => selects(one.trim(), name)));
  return rule && create(HttpRuleSchema, rule);
}

function selects(selector: string, name: string): boolean {
  return selector === name || (selector.endsWith("*") && name.startsWith(selector.slice(0, -1)));
}

/**
 * Looks for selectors that select nothing.
 *
 * @param warn called for a rule of a service that is not served: the API configurations of Google have rules of services that not every server
 *   of the API has.
 * @throws RuleError for a rule of a method that a service does not have: most likely its name is misspelt.
 */
export function checkSelectors(rules: readonly HttpRuleInit[], services: readonly DescService[], warn: (message: string) => void): void {
  const names = services.flatMap(({ methods }) => methods.map(nameOf));
  const faults = new Faults();
  for (const { selector = "" } of rules) {
    for (const one of selector.split(",").map((part) => part.trim())) {
      if (names.some((name) => selects(one, name))) continue;
      const isServed = services.some(({ typeName }) => one.slice(0, one.lastIndexOf(".")) === typeName);
      if (isServed) faults.add(`the rule for "${one}" selects no method`);
      else warn(`the rule for "${one}" selects no method: no such service is served`);
    }
  }
  faults.throw();
}

function bind(method: DescMethod, rule: HttpRule): Binding {
  const faults = new Faults();
  const pattern = faults.collect(() => patternOf(method, rule));
  const template = pattern && faults.collect(() => templateOf(method, pattern.path));
  const variables = template?.variables.map((variable) => {
    const path = faults.collect(() => bindVariable(method, variable));
    return path && { ...variable, path };
  });
  const verb = pattern?.verb ?? "";
  if (rule.body !== "" && (verb === "GET" || verb === "HEAD")) {
    faults.collect(() => fail(method, `a ${verb} request has no body, but the rule has body: "${rule.body}"`));
  }
  const body = rule.body === "" || rule.body === "*" ? undefined : faults.collect(() => topLevelField(method, "input", "body", rule.body));
  const responseBody =
    rule.responseBody === "" ? undefined : faults.collect(() => topLevelField(method, "output", "response_body", rule.responseBody));
  faults.throw();
  if (template === undefined || variables === undefined) throw new TypeError("a rule without a template has a fault");
  return {
    method,
    verb,
    template,
    variables: variables.filter((variable) => variable !== undefined),
    body: rule.body === "*" ? "*" : body,
    responseBody,
  };
}

function templateOf(method: DescMethod, path: string): PathTemplate {
  try {
    return parseTemplate(path);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return fail(method, error.message);
  }
}

/** A custom kind may be all of them, or one that Node's HTTP parser lets through: it knows a list. */
const kinds: ReadonlySet<string> = new Set(["*", ...METHODS.filter((verb) => verb !== "CONNECT")]);

function patternOf(method: DescMethod, { pattern }: HttpRule): { verb: string; path: string } {
  if (pattern.case === undefined) fail(method, "a google.api.http rule without a path");
  if (pattern.case !== "custom") return { verb: pattern.case.toUpperCase(), path: pattern.value };
  const { kind, path } = pattern.value;
  if (!kinds.has(kind)) fail(method, `"${kind}" is no HTTP method that Node serves`);
  return { verb: kind, path };
}

function bindVariable(method: DescMethod, { field }: Variable): FieldPath {
  const path = resolveFieldPath(method.input, field);
  const leaf = path?.at(-1);
  if (path === undefined || leaf === undefined) fail(method, `${method.input.typeName} has no field "${field}", which is in the path`);
  if (!isTextual(leaf)) fail(method, `the field "${field}" cannot be in a path: it is ${describe(leaf)}`);
  return path;
}

function topLevelField(method: DescMethod, side: "input" | "output", what: string, name: string): DescField {
  const message = method[side];
  const field = findField(message, name);
  if (field !== undefined) return field;
  // google/api/http.proto: "the referred field must be present at the top-level".
  const where = resolveFieldPath(message, name) === undefined ? "" : " at its top level, where the field must be";
  return fail(method, `${message.typeName} has no field "${name}"${where}, which is the ${what}`);
}

function describe(field: DescField): string {
  if (field.fieldKind === "list") return "repeated";
  if (field.fieldKind === "map") return "a map";
  return `a ${field.fieldKind}`;
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

function fail(method: DescMethod, problem: string): never {
  throw new RuleError(`${nameOf(method)}: ${problem}`);
}

/** The full name of a method, as selectors have it. */
export function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}.${name}`;
}
