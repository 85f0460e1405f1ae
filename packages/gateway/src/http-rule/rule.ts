// Derives the bindings of a method from its google.api.http rules: an HTTP method, a path template,
// and the fields for the path, query and body.
import { METHODS } from "node:http";
import { create, type DescField, type DescMethod, type DescService, getOption, hasOption, type MessageInitShape } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { type FieldPath, findField, isTextual, resolveFieldPath } from "../fields/field-path.ts";
import { Selectors, selectsAny } from "./selector.ts";
import { type PathTemplate, parseTemplate, TemplateError, type Variable } from "./template.ts";

/**
 * A rule as in a service configuration. `selector` is the full name of a method, or
 * `package.Service.*`.
 */
export type HttpRuleInit = MessageInitShape<typeof HttpRuleSchema>;

/** One way to call a method over HTTP. */
export interface Binding {
  readonly method: DescMethod;
  /** The HTTP method: `GET`, `POST`, …, or `*` for any. */
  readonly verb: string;
  readonly template: PathTemplate;
  readonly variables: readonly BoundVariable[];
  /**
   * What the request body contains: the whole message (`*`), one field, or nothing (`undefined`).
   */
  readonly body: "*" | DescField | undefined;
  /** The field that the response body contains. `undefined`: the whole message. */
  readonly responseBody: DescField | undefined;
}

export interface BoundVariable extends Variable {
  readonly path: FieldPath;
}

/**
 * One or more rules are invalid. The message has one line for each fault, which names the method.
 */
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

/** The options of `bindingsOf`. */
export interface BindingOptions {
  /**
   * Rules in addition to those in the .proto. For a method that one selects, it replaces the
   * method's own rule.
   */
  readonly rules?: Selectors<HttpRuleInit> | undefined;
  /**
   * Serves a method without a rule as `POST /<package.Service>/<Method>`, with the whole message as
   * the body.
   */
  readonly unbound?: boolean | undefined;
}

/**
 * The bindings of a method.
 *
 * @throws RuleError with all faults in its rule.
 */
export function bindingsOf(method: DescMethod, { rules, unbound }: BindingOptions = {}): Binding[] {
  const added = rules?.find(nameOf(method));
  const rule = added !== undefined ? create(HttpRuleSchema, added) : hasOption(method, http) ? getOption(method, http) : undefined;
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

/** Collects faults in rules, to report them all at once instead of one at each start. */
export class Faults {
  readonly #faults: string[] = [];

  /**
   * Returns the result of `work`. If `work` throws a RuleError, records its faults and returns
   * `undefined`.
   */
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

  /** @throws RuleError if there are faults. */
  throw(): void {
    if (this.#faults.length > 0) throw new RuleError(this.#faults);
  }
}

/** Rules by selector. The last one that selects a method counts, as in Google's service configuration. */
export function rulesBySelector(rules: readonly HttpRuleInit[]): Selectors<HttpRuleInit> {
  const selectors = new Selectors<HttpRuleInit>();
  for (const rule of rules) for (const selector of selectorsOf(rule)) selectors.add(selector, rule);
  return selectors;
}

/** The selectors of a rule, which commas separate. */
function selectorsOf({ selector = "" }: HttpRuleInit): string[] {
  return selector.split(",").map((one) => one.trim());
}

/**
 * Checks that each selector selects a method.
 *
 * @param warn called for rules of services that are not served: Google's service configurations
 *   have rules for services that not every server of the API implements.
 * @throws RuleError for rules of unknown methods in a known service, which are likely misspelt.
 */
export function checkSelectors(rules: readonly HttpRuleInit[], services: readonly DescService[], warn: (message: string) => void): void {
  const names = new Set(services.flatMap(({ methods }) => methods.map(nameOf)));
  const served = new Set(services.map(({ typeName }) => typeName));
  const faults = new Faults();
  for (const rule of rules) {
    for (const one of selectorsOf(rule)) {
      if (selectsAny(one, names)) continue;
      if (served.has(one.slice(0, one.lastIndexOf(".")))) faults.add(`the rule for "${one}" does not select a method`);
      else warn(`the rule for "${one}" is ignored: its service is not served`);
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
    faults.collect(() => fail(method, `a ${verb} request cannot have a body, but the rule has body: "${rule.body}"`));
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

/** A custom kind is `*` or an HTTP method that Node's HTTP parser accepts. */
const kinds: ReadonlySet<string> = new Set(["*", ...METHODS.filter((verb) => verb !== "CONNECT")]);

function patternOf(method: DescMethod, { pattern }: HttpRule): { verb: string; path: string } {
  if (pattern.case === undefined) fail(method, "a google.api.http rule has no path");
  if (pattern.case !== "custom") return { verb: pattern.case.toUpperCase(), path: pattern.value };
  const { kind, path } = pattern.value;
  if (!kinds.has(kind)) fail(method, `Node does not support the HTTP method "${kind}"`);
  return { verb: kind, path };
}

function bindVariable(method: DescMethod, { field }: Variable): FieldPath {
  const path = resolveFieldPath(method.input, field);
  const leaf = path?.at(-1);
  if (path === undefined || leaf === undefined) fail(method, `${method.input.typeName} has no field "${field}", which is in the path`);
  if (!isTextual(leaf)) fail(method, `the path cannot contain the field "${field}": it is ${describe(leaf)}`);
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

/** The full name of a method, as in selectors. */
export function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}.${name}`;
}
