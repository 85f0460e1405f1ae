// Creates empty messages like those of protobuf-es: same properties, same order, same prototype.
import { create, type DescMessage } from "@bufbuild/protobuf";
import { setOwn } from "../shape/object.ts";
import { literal, Source } from "./source.ts";

/** The properties of a message. */
export type Fields = Record<string, unknown>;

const constructors = new WeakMap<DescMessage, new () => Fields>();

/**
 * Returns the constructor of a type's empty messages. V8 reserves space in them for fields that are
 * set later.
 */
export function constructorOf(desc: DescMessage): new () => Fields {
  let made = constructors.get(desc);
  if (made === undefined) {
    made = generate(desc);
    constructors.set(desc, made);
  }
  return made;
}

/**
 * Returns an expression that creates an empty message. It is an object literal where possible,
 * which is faster for messages with most fields set.
 */
export function emptyMessage(source: Source, desc: DescMessage): string {
  const model = create(desc) as unknown as Fields;
  if (Object.getPrototypeOf(model) !== Object.prototype) return `new ${source.constant(constructorOf(desc))}()`;
  // `"__proto__": value` sets the prototype, `["__proto__"]: value` sets a property.
  const properties = Object.entries(model).map(([name, value]) => {
    const key = name === "__proto__" ? `[${literal(name)}]` : literal(name);
    return `${key}: ${initialValue(source, value)}`;
  });
  return `{ ${properties.join(", ")} }`;
}

function generate(desc: DescMessage): new () => Fields {
  const model = create(desc) as unknown as Fields;
  const source = new Source();
  const lines = Object.entries(model).map(([name, value]) => {
    const initial = initialValue(source, value);
    return name === "__proto__" ? `setOwn(this, ${literal(name)}, ${initial});` : `this[${literal(name)}] = ${initial};`;
  });
  source.prepare(`function Message() { ${lines.join("\n")} }`, `Message.prototype = ${source.constant(Object.getPrototypeOf(model))};`);
  return source.buildExpression("Message", { setOwn });
}

/**
 * Returns the value of an unset member as an expression. Lists, maps and oneofs are created anew
 * for each message.
 */
function initialValue(source: Source, value: unknown): string {
  if (Array.isArray(value)) return "[]";
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) return "case" in value ? "{ case: undefined }" : "{}";
  if (typeof value === "string") return literal(value);
  return typeof value === "boolean" || Object.is(value, 0) ? String(value) : source.constant(value);
}
