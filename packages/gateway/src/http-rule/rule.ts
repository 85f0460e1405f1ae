// From the google.api.http rules of a method to its bindings: an HTTP method, a path template, and what goes where.
import { METHODS } from "node:http";
import { create, type DescField, type DescMethod, getOption, hasOption, type MessageInitShape } from "@bufbuild/protobuf";
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

/** A rule that cannot be served. The message names the method. */
export class RuleError extends Error {
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

/** The bindings of a method. @throws RuleError */
export function bindingsOf(method: DescMethod, { rules, unbound }: BindingOptions = {}): Binding[] {
  const rule = selectedRule(method, rules) ?? (hasOption(method, http) ? getOption(method, http) : undefined);
  if (rule === undefined || rule.pattern.case === undefined) {
    if (rule !== undefined && rule.additionalBindings.length > 0) fail(method, "its google.api.http rule has no path");
    return unbound ? [bind(method, create(HttpRuleSchema, { pattern: { case: "post", value: pathOf(method) }, body: "*" }))] : [];
  }
  for (const additional of rule.additionalBindings) {
    if (additional.additionalBindings.length > 0) fail(method, "additional_bindings within additional_bindings");
  }
  return [rule, ...rule.additionalBindings].map((rule) => bind(method, rule));
}

/** The last one that selects the method, as in Google's API configuration. */
function selectedRule(method: DescMethod, rules: readonly HttpRuleInit[] = []): HttpRule | undefined {
  const name = `${method.parent.typeName}.${method.name}`;
  const rule = rules.findLast(({ selector = "" }) =>
    selector.split(",").some((one) => one === name || (one.endsWith("*") && name.startsWith(one.slice(0, -1)))),
  );
  return rule && create(HttpRuleSchema, rule);
}

/** @throws RuleError for a rule that selects none of the methods: most likely a name is misspelt. */
export function checkSelectors(rules: readonly HttpRuleInit[], methods: readonly DescMethod[]): void {
  for (const rule of rules) {
    if (!methods.some((method) => selectedRule(method, [rule]) !== undefined)) {
      throw new RuleError(`the rule for "${rule.selector ?? ""}" selects no method`);
    }
  }
}

function bind(method: DescMethod, rule: HttpRule): Binding {
  const { verb, path } = patternOf(method, rule);
  let template: PathTemplate;
  try {
    template = parseTemplate(path);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    fail(method, error.message);
  }
  const variables = template.variables.map((variable) => ({ ...variable, path: bindVariable(method, variable) }));
  if (rule.body !== "" && (verb === "GET" || verb === "HEAD"))
    fail(method, `a ${verb} request has no body, but the rule has body: "${rule.body}"`);
  return {
    method,
    verb,
    template,
    variables,
    body: rule.body === "" ? undefined : rule.body === "*" ? "*" : topLevelField(method, "input", "body", rule.body),
    responseBody: rule.responseBody === "" ? undefined : topLevelField(method, "output", "response_body", rule.responseBody),
  };
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
  if (field === undefined) fail(method, `${message.typeName} has no field "${name}", which is the ${what}`);
  return field;
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
  throw new RuleError(`${method.parent.typeName}.${method.name}: ${problem}`);
}
