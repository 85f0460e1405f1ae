// Which messages have rules at all, and which rules are written in CEL: found in the descriptors.
import { type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { type FieldRules, field, message, oneof } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const known = new WeakMap<DescMessage, boolean>();

/** Whether there is anything to check in a message, or in a message within it, however deep. Looked up once for each. */
export function hasRules(schema: DescMessage): boolean {
  let answer = known.get(schema);
  if (answer === undefined) {
    answer = [...withMessagesWithin(schema)].some(hasOwnRules);
    known.set(schema, answer);
  }
  return answer;
}

/** A message and those within it, however deep, each once. */
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
  /** What has the rule, as in `field test.v1.Order.id`. */
  readonly on: string;
  readonly id: string;
  readonly expression: string;
  /** Whether it comes out the same for every message. */
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
    // A pattern is compiled when it is first used; as an expression, now.
    yield { on, id: `${type.case}.pattern`, expression: `"".matches(${JSON.stringify(type.value.pattern)}) ? true : true`, constant: true };
  }
}
