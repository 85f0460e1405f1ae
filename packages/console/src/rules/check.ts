// Checks requests against the rules of buf.validate, as servers with protovalidate do.
import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonValue as MessageJson,
  type Registry,
} from "@bufbuild/protobuf";
import { Checker, type Fault as Violation } from "@grpc-study/rpc/checker";
import type { Text } from "../i18n/index.ts";
import { withItem, withKey } from "../json/edit.ts";
import { isArray, isObject, type JsonValue } from "../json/parse.ts";
import { type Fault, keyIn, oneofKey, type Path } from "../schema/check.ts";
import { type Rule, rulesOf } from "./words.ts";

/** With more faults of types than these, rules are not checked. */
const maxFaults = 50;

const checkers = new WeakMap<Registry, Checker>();

/**
 * Finds the violated rules of a request, apart from those of values that have a fault of their type.
 *
 * @throws Error if a rule cannot be compiled or evaluated here.
 */
export function checkRules(message: DescMessage, value: JsonValue, registry: Registry, typeFaults: readonly Fault[]): Fault[] {
  if (typeFaults.length > maxFaults) return [];
  let checker = checkers.get(registry);
  if (checker === undefined) {
    checker = new Checker(registry);
    checkers.set(registry, checker);
  }
  // A message cannot have values of a wrong type: they are left out.
  const omitted = typeFaults.map(({ path }) => path.slice(0, path.findLastIndex((part) => typeof part === "string") + 1));
  if (omitted.some((path) => path.length === 0)) return [];
  const rest = omitted.reduce(without, value);
  const request = fromJson(message, rest as MessageJson, { registry, ignoreUnknownFields: true });
  return checker
    .check(message, request)
    .map((violation) => faultOf(violation, message, value))
    .filter(({ path }) => !omitted.some((omittedPath) => omittedPath.every((part, index) => path[index] === part)));
}

/** The value without the member at a path. */
function without(value: JsonValue, [key, ...rest]: Path): JsonValue {
  if (typeof key === "number") return isArray(value) && value[key] !== undefined ? withItem(value, key, without(value[key], rest)) : value;
  if (key === undefined || !isObject(value)) return value;
  const inner = value[key];
  if (inner === undefined) return value;
  return withKey(value, key, rest.length === 0 ? undefined : without(inner, rest));
}

function faultOf({ field, message: text, ruleId, forKey }: Violation, message: DescMessage, request: JsonValue): Fault {
  const path: (string | number)[] = [];
  let at: JsonValue | undefined = request;
  let desc: DescField | DescOneof | DescMessage = message;
  let of: Rule["of"] = "value";
  for (const part of field) {
    let key: string | number;
    if (part.kind === "field") {
      key = keyIn(at, part);
      desc = part;
      of = "value";
    } else if (part.kind === "oneof") {
      key = oneofKey(part);
      desc = part;
    } else if (part.kind === "list_sub") {
      key = part.index;
      of = "items";
    } else if (part.kind === "map_sub") {
      key = String(part.key);
      of = forKey ? "keys" : "values";
    } else break;
    path.push(key);
    at = typeof key === "number" ? (isArray(at) ? at[key] : undefined) : isObject(at) ? at[key] : undefined;
  }
  // Rules of a message itself have the path of the field that contains it.
  const inner = desc.kind === "field" && of === "value" ? desc.message : undefined;
  const rule = [...rulesOf(desc), ...(inner === undefined ? [] : rulesOf(inner))].find((one) => one.id === ruleId && one.of === of);
  return { path, ofKey: forKey === true, ...faultText(rule, text || ruleId) };
}

/** The rule in the words of the page. A rule in CEL has its own words, which it may compute. */
function faultText(rule: Rule | undefined, message: string): Pick<Fault, "key" | "values"> {
  if (rule?.id === "required") return { key: "faultRequired", values: [] };
  const text = rule === undefined ? undefined : ofElement(rule);
  if (text === undefined || text.key === "ruleMessage" || text.key === "ruleCel") return { key: "ruleMessage", values: [message] };
  return { key: "faultRule", values: [text] };
}

/** `each item: at least 1 character` is `at least 1 character` at the item. */
function ofElement({ of, text }: Rule): Text {
  const [inner] = text.values;
  return of !== "value" && typeof inner === "object" ? inner : text;
}
