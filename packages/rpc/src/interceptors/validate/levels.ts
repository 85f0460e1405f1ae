// Splits recursive message types into levels, and checks one level at a time.
//
// protovalidate-es 1.3.0 loses rules of recursive types. Its planner compiles a message together
// with the messages in it, and then removes fields without rules from each plan. If two messages
// contain each other, the planner prunes the inner plan while the outer one is still empty. It
// thereby removes the field that leads back to the outer message, and the type that was compiled
// first decides which rules remain. A level contains no such field: protovalidate sees one message
// at a time, and this file walks over the nested messages.
import { type DescField, type DescMessage, type DescOneof, getOption, type Message } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage, type Path, reflect } from "@bufbuild/protobuf/reflect";
import { field as fieldOption, Ignore } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { hasRules, withMessagesWithin } from "./rules-of.ts";

/** The part of a message type that protovalidate checks in one step. */
export interface Level {
  /** The descriptor of the message. In it, the messages of the fields in `below` have no rules. */
  readonly schema: DescMessage;
  /** The fields whose messages are separate levels. */
  readonly below: readonly DescField[];
}

/** A message to check, with its level. */
export interface Step {
  readonly level: Level;
  readonly message: Message;
  /**
   * The location of the message. Undefined for the outermost one. It is a linked list, since only
   * messages with a violation need a path.
   */
  readonly place: Place | undefined;
}

interface Place {
  readonly above: Place | undefined;
  readonly steps: Path;
}

export function pathOf({ place }: Step): Path {
  const parts: Path[] = [];
  for (let at = place; at !== undefined; at = at.above) parts.push(at.steps);
  return parts.reverse().flat();
}

const levels = new WeakMap<DescMessage, Level>();

/** Returns the level of a message type. A type without recursive rules forms a single level. */
export function levelOf(schema: DescMessage): Level {
  let level = levels.get(schema);
  if (level === undefined) {
    const cut = schema.fields.filter(({ message }) => message !== undefined && hasRecursiveRules(message));
    level = {
      schema: cut.length === 0 ? schema : withFields(schema, (field) => (cut.includes(field) ? withBareMessage(field) : field)),
      below: cut.filter((field) => !isIgnored(field)),
    };
    levels.set(schema, level);
  }
  return level;
}

/**
 * Yields a message, and then the messages in it that form separate levels, in depth-first order.
 */
export function* withLevelsBelow(schema: DescMessage, message: Message): Generator<Step> {
  // Iterative, since messages of in-process calls may be arbitrarily deep.
  const left: Step[] = [{ level: levelOf(schema), message, place: undefined }];
  for (let step = left.pop(); step !== undefined; step = left.pop()) {
    yield step;
    if (step.level.below.length === 0) continue;
    const below = stepsBelow(step);
    // In reverse, so that the first one is popped next.
    for (let index = below.length - 1; index >= 0; index--) left.push(below[index] as Step);
  }
}

type MapKey = Extract<Path[number], { kind: "map_sub" }>["key"];

function stepsBelow({ level, message, place: above }: Step): Step[] {
  const below: Step[] = [];
  const parent = reflect(level.schema, message);
  for (const field of level.below) {
    if (field.message === undefined || !parent.isSet(field)) continue;
    const level = levelOf(field.message);
    const add = (value: unknown, ...steps: Path) => {
      if (isReflectMessage(value)) below.push({ level, message: value.message, place: { above, steps } });
    };
    const value: unknown = parent.get(field);
    if (isReflectList(value)) {
      let index = 0;
      for (const item of value) add(item, field, { kind: "list_sub", index: index++ });
    } else if (isReflectMap(value)) for (const [key, item] of value) add(item, field, { kind: "map_sub", key: key as MapKey });
    else add(value, field);
  }
  return below;
}

/** Whether the rules exclude the messages of a field from checks. */
function isIgnored(field: DescField): boolean {
  const { ignore, type } = getOption(field, fieldOption);
  const within = type.case === "repeated" ? type.value.items : type.case === "map" ? type.value.values : undefined;
  return ignore === Ignore.ALWAYS || within?.ignore === Ignore.ALWAYS;
}

const recursive = new WeakMap<DescMessage, boolean>();

/** Whether a message type is recursive and has rules, or contains such a type. */
function hasRecursiveRules(schema: DescMessage): boolean {
  let answer = recursive.get(schema);
  if (answer === undefined) {
    answer = [...withMessagesWithin(schema)].some((each) => hasRules(each) && containsItself(each));
    recursive.set(schema, answer);
  }
  return answer;
}

const selfContained = new WeakMap<DescMessage, boolean>();

function containsItself(schema: DescMessage): boolean {
  let answer = selfContained.get(schema);
  if (answer === undefined) {
    const seen = new Set<DescMessage>();
    answer = schema.fields.some(({ message }) => message !== undefined && [...withMessagesWithin(message, seen)].includes(schema));
    selfContained.set(schema, answer);
  }
  return answer;
}

const bareMessages = new WeakMap<DescMessage, DescMessage>();

/**
 * Copies a message type without its rules and those of nested types. Expressions of the outer
 * message may read its fields.
 */
function bare(schema: DescMessage): DescMessage {
  const known = bareMessages.get(schema);
  if (known !== undefined) return known;
  const copy = { ...schema, proto: withoutOptions(schema.proto), oneofs: schema.oneofs.map(withoutRules) };
  bareMessages.set(schema, copy);
  return Object.assign(
    copy,
    fieldsOf(schema, (field) => withoutRules(withBareMessage(field))),
  );
}

function withBareMessage(field: DescField): DescField {
  return field.message !== undefined && hasRules(field.message) ? Object.assign({ ...field }, { message: bare(field.message) }) : field;
}

function withoutRules<Desc extends DescField | DescOneof>(desc: Desc): Desc {
  return { ...desc, proto: withoutOptions(desc.proto) };
}

/** Removes the options. Edition features remain, since descriptors hold them separately. */
function withoutOptions<Proto extends { options?: unknown }>(proto: Proto): Proto {
  const { options: _, ...rest } = proto;
  return rest as Proto;
}

function withFields(schema: DescMessage, change: (field: DescField) => DescField): DescMessage {
  return { ...schema, ...fieldsOf(schema, change) };
}

function fieldsOf(schema: DescMessage, change: (field: DescField) => DescField): Pick<DescMessage, "field" | "fields" | "members"> {
  const changed = new Map(schema.fields.map((field) => [field, change(field)]));
  const members = schema.members.map((member) => (member.kind === "field" ? (changed.get(member) ?? member) : member));
  const fields = [...changed.values()];
  return { fields, members, field: Object.fromEntries(fields.map((field) => [field.localName, field])) };
}
