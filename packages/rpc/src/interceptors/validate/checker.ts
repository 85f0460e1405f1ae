// Checks messages against the rules in their .proto files. protovalidate evaluates the rules. This
// file limits the work for each message.
//
// The entry point `@grpc-study/rpc/checker` is for the packages of this repository, as that of checks.ts.
import { create, createFileRegistry, type DescMessage, type Message, type Registry, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MessageOptionsSchema } from "@bufbuild/protobuf/wkt";
import { CompilationError, createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import { MessageRulesSchema, message as messageOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { levelOf, pathOf, type Step, withLevelsBelow } from "./levels.ts";
import { type Expression, expressionsOf, hasRules, withMessagesWithin } from "./rules-of.ts";

/** A violated rule, and the path to the field from the checked message. */
export type Fault = Pick<Violation, "field" | "message" | "ruleId" | "forKey">;

/** A rule cannot be compiled or evaluated. The error message is a single line. */
export class RuleError extends Error {
  static {
    RuleError.prototype.name = "RuleError";
  }
}

/** The largest number of values in a message for which all violations are collected. */
const maxElements = 10_000;

const none: readonly Fault[] = [];

export class Checker {
  readonly #first: Validator;
  readonly #all: Validator;
  readonly #prepared = new WeakSet<DescMessage>();

  /**
   * @param registry extensions of the `buf.validate` rules, and messages that CEL expressions use.
   */
  constructor(registry?: Registry) {
    const options = registry === undefined ? {} : { registry };
    this.#first = createValidator({ ...options, failFast: true });
    this.#all = createValidator(options);
  }

  /**
   * Compiles the rules of a message.
   * @throws RuleError that names the message and the rule if compiling fails.
   */
  prepare(schema: DescMessage): void {
    if (!hasRules(schema) || this.#prepared.has(schema)) return;
    const within = [...withMessagesWithin(schema)];
    for (const expression of within.flatMap((each) => [...expressionsOf(each)])) this.#compile(expression);
    // Starts with the innermost message, so that the error names the message that has the rule.
    for (const each of within.reverse()) {
      for (const validator of [this.#first, this.#all]) {
        const result = validator.validate(levelOf(each).schema, create(each));
        if (result.kind === "error" && isFaultOfRule(result.error)) throw new RuleError(`${each}: ${oneLine(result.error)}`);
      }
    }
    this.#prepared.add(schema);
  }

  /**
   * Returns all violations of a message. For a message with more than 10,000 values, returns the
   * first violation only.
   * @throws RuleError if a rule cannot be evaluated.
   */
  check(schema: DescMessage, message: Message): readonly Fault[] {
    if (!hasRules(schema)) return none;
    for (const step of withLevelsBelow(schema, message)) {
      const first = faults(this.#first, step);
      if (first.length === 0) continue;
      // A message of a few megabytes can contain millions of violations. Collecting them would take
      // seconds and a gigabyte of memory.
      if (!countsAtMost(maxElements, message)) return first;
      return [...withLevelsBelow(schema, message)].flatMap((each) => faults(this.#all, each));
    }
    return none;
  }

  /**
   * Compiles a single expression, on a message type created for it. protovalidate does not report
   * the location of a rule that it cannot compile.
   */
  #compile({ on, id, expression, constant }: Expression): void {
    const options = create(MessageOptionsSchema);
    setExtension(options, messageOption, create(MessageRulesSchema, { cel: [{ id, expression }] }));
    const file = create(FileDescriptorProtoSchema, { name: "rule.proto", syntax: "proto3", messageType: [{ name: "Rule", options }] });
    const probe = createFileRegistry(file, () => undefined).getMessage("Rule");
    if (probe === undefined) return;
    const result = this.#all.validate(probe, create(probe));
    if (result.kind === "error" && (constant || isFaultOfExpression(result.error))) {
      throw new RuleError(`${on}: the rule ${id} cannot be compiled: ${oneLine(result.error.cause ?? result.error)}`);
    }
  }
}

/** Whether the rule is at fault, rather than the empty message that it was evaluated on. */
function isFaultOfRule(error: Error): boolean {
  return isFaultOfExpression(error) || error.message.startsWith("field not found");
}

function isFaultOfExpression(error: Error): boolean {
  return error instanceof CompilationError || error.message.startsWith("unbound function");
}

function faults(validator: Validator, step: Step): readonly Fault[] {
  const { schema } = step.level;
  const result = validator.validate(schema, step.message);
  if (result.kind === "error") throw new RuleError(`${schema}: cannot evaluate a rule: ${oneLine(result.error)}`, { cause: result.error });
  if (result.kind === "valid") return none;
  const path = pathOf(step);
  return result.violations.map(({ field, message, ruleId, forKey }) => ({ field: [...path, ...field], message, ruleId, forKey }));
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
}

/**
 * Whether a message and the messages in it contain at most `limit` values. Stops counting beyond
 * it.
 */
function countsAtMost(limit: number, message: Message): boolean {
  let left = limit;
  // Iterative, since messages may be arbitrarily deep. See levels.ts.
  const values: unknown[] = [message];
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) continue;
    const children = Array.isArray(value) ? value : Object.values(value);
    left -= children.length;
    if (left < 0) return false;
    for (const child of children) if (typeof child === "object" && child !== null) values.push(child);
  }
  return true;
}
