// Checks messages by the rules of their .proto files. protovalidate knows what the rules mean; this, how much work that may be.
import { create, createFileRegistry, type DescMessage, type Message, type Registry, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MessageOptionsSchema } from "@bufbuild/protobuf/wkt";
import { CompilationError, createValidator, type Validator, type Violation } from "@bufbuild/protovalidate";
import { MessageRulesSchema, message as messageOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { levelOf, pathOf, type Step, withLevelsBelow } from "./levels.ts";
import { type Expression, expressionsOf, hasRules, withMessagesWithin } from "./rules-of.ts";

/** A rule that is broken, and the path to the field from the message that was checked. */
export type Fault = Pick<Violation, "field" | "message" | "ruleId" | "forKey">;

/** A rule cannot be compiled, or fails for a reason that is not the message's. The message is one line. */
export class RuleError extends Error {
  static {
    RuleError.prototype.name = "RuleError";
  }
}

/** How many elements of lists and maps a message may have for all its faults to be looked for. */
const maxElements = 10_000;

const none: readonly Fault[] = [];

export class Checker {
  readonly #first: Validator;
  readonly #all: Validator;
  readonly #prepared = new WeakSet<DescMessage>();

  /** @param registry extensions of `buf.validate`'s rules, and messages for CEL to know. */
  constructor(registry?: Registry) {
    const options = registry === undefined ? {} : { registry };
    this.#first = createValidator({ ...options, failFast: true });
    this.#all = createValidator(options);
  }

  /** Compiles the rules of a message. Throws a RuleError that names the message and the rule if that is not possible. */
  prepare(schema: DescMessage): void {
    if (!hasRules(schema) || this.#prepared.has(schema)) return;
    const within = [...withMessagesWithin(schema)];
    for (const expression of within.flatMap((each) => [...expressionsOf(each)])) this.#compile(expression);
    // The innermost first, so that the error names the message that has the rule.
    for (const each of within.reverse()) {
      for (const validator of [this.#first, this.#all]) {
        const result = validator.validate(levelOf(each).schema, create(each));
        if (result.kind === "error" && isFaultOfRule(result.error)) throw new RuleError(`${each}: ${oneLine(result.error)}`);
      }
    }
    this.#prepared.add(schema);
  }

  /** What is wrong with a message: everything, unless it is so large that this is to be only the first. Throws a RuleError if a rule fails. */
  check(schema: DescMessage, message: Message): readonly Fault[] {
    if (!hasRules(schema)) return none;
    for (const step of withLevelsBelow(schema, message)) {
      const first = faults(this.#first, step);
      if (first.length === 0) continue;
      // A few megabytes can hold millions of faults, and looking for all of them takes seconds and a gigabyte.
      if (!countsAtMost(maxElements, message)) return first;
      return [...withLevelsBelow(schema, message)].flatMap((each) => faults(this.#all, each));
    }
    return none;
  }

  /** With the expression alone, on a message made for it: protovalidate does not say where a rule is that it cannot compile. */
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

/** Not of the message, which was an empty one. */
function isFaultOfRule(error: Error): boolean {
  return isFaultOfExpression(error) || error.message.startsWith("field not found");
}

function isFaultOfExpression(error: Error): boolean {
  return error instanceof CompilationError || error.message.startsWith("unbound function");
}

function faults(validator: Validator, step: Step): readonly Fault[] {
  const { schema } = step.level;
  const result = validator.validate(schema, step.message);
  if (result.kind === "error") throw new RuleError(`${schema}: a rule fails: ${oneLine(result.error)}`, { cause: result.error });
  if (result.kind === "valid") return none;
  const path = pathOf(step);
  return result.violations.map(({ field, message, ruleId, forKey }) => ({ field: [...path, ...field], message, ruleId, forKey }));
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
}

/** Whether there are at most so many elements in the lists and maps of a message and of those within. Stops counting when there are more. */
function countsAtMost(limit: number, message: Message): boolean {
  let left = limit;
  // Not by recursion: see levels.ts.
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
