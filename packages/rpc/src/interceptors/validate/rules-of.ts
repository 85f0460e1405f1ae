// Finds in descriptors which messages have rules, and which rules are CEL expressions.
import { type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { type FieldRules, field, message, oneof } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const known = new WeakMap<DescMessage, boolean>();

/** Whether a message type or a type nested in it has rules. The result is cached. */
export function hasRules(schema: DescMessage): boolean {
  let answer = known.get(schema);
  if (answer === undefined) {
    answer = [...withMessagesWithin(schema)].some(hasOwnRules);
    known.set(schema, answer);
  }
  return answer;
}

/** Yields a message type and all types nested in it, each once. */
export function* withMessagesWithin(schema: DescMessage, seen = new Set<DescMessage>()): Generator<DescMessage> {
  if (seen.has(schema)) return;
  seen.add(schema);
  yield schema;
  for (const { message } of schema.fields) if (message !== undefined) yield* withMessagesWithin(message, seen);
}

function hasOwnRules(schema: DescMessage): boolean {
  const { fields, oneofs } = schema;
  return hasOption(schema, message) || fields.some((each) => hasOption(each, field)) || oneofs.some((each) => hasOption(each, oneof));
}

export interface Expression {
  /** The element that has the rule, for example `field test.v1.Order.id`. */
  readonly on: string;
  readonly id: string;
  readonly expression: string;
  /** Whether the result is the same for every message. */
  readonly constant: boolean;
}

/** The CEL expressions of a message's own rules. */
export function* expressionsOf(schema: DescMessage): Generator<Expression> {
  yield* expressionsIn(getOption(schema, message), schema.toString());
  for (const each of schema.fields) yield* expressionsIn(getOption(each, field), each.toString());
}

type Rules = Pick<FieldRules, "cel" | "celExpression"> & { readonly type?: FieldRules["type"] };

function* expressionsIn({ cel, celExpression, type }: Rules, on: string): Generator<Expression> {
  for (const { id, expression } of cel) yield { on, id, expression, constant: false };
  for (const expression of celExpression) yield { on, id: expression, expression, constant: false };
  const within = type?.case === "repeated" ? [type.value.items] : type?.case === "map" ? [type.value.keys, type.value.values] : [];
  for (const rules of within) if (rules !== undefined) yield* expressionsIn(rules, on);
  if ((type?.case === "string" || type?.case === "bytes") && type.value.pattern !== "") {
    // protovalidate compiles a pattern at its first use. As an expression, it is compiled at once.
    yield { on, id: `${type.case}.pattern`, expression: `"".matches(${JSON.stringify(type.value.pattern)}) ? true : true`, constant: true };
  }
}
