// The filter of ListOrders: comparisons joined by AND, a small part of AIP-160
// (https://google.aip.dev/160).
import { fromJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { OrderCondition, OrderField } from "@grpc-study/store";
import { toMicroseconds } from "./microseconds.ts";

/** The filter is malformed. The message is for the caller. */
export class FilterError extends Error {}

const fields: Readonly<Record<string, { readonly field: OrderField; readonly type: "integer" | "number" | "time" }>> = {
  order_id: { field: "id", type: "integer" },
  user_id: { field: "userId", type: "integer" },
  order_money: { field: "money", type: "number" },
  order_time: { field: "time", type: "time" },
  place_time: { field: "placedAt", type: "time" },
};

const mostConditions = 10;

/** A comparison: a field, an operator, and a number or a text in quotes. */
const comparison = /^\s*([a-z_]+)\s*(=|!=|<=|>=|<|>)\s*("[^"]*"|[^\s"]+)\s*/;

/** @throws FilterError */
export function parseOrderFilter(filter: string): OrderCondition[] {
  const conditions: OrderCondition[] = [];
  let rest = filter.trim();
  while (rest !== "") {
    const [whole, name = "", operator, text = ""] = comparison.exec(rest) ?? [];
    if (whole === undefined) {
      throw new FilterError(`must have comparisons such as user_id = 7, joined by AND; it has ${JSON.stringify(rest)}`);
    }
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (known === undefined) throw new FilterError(`has the unknown field ${name}; the fields are ${Object.keys(fields).join(", ")}`);
    if (conditions.length === mostConditions) throw new FilterError(`must have at most ${mostConditions} comparisons`);
    conditions.push({ field: known.field, operator: operator as OrderCondition["operator"], value: parseValue(name, known.type, text) });
    rest = rest.slice(whole.length);
    if (rest === "") break;
    const [and] = /^AND\s+/.exec(rest) ?? [];
    if (and === undefined || rest.length === and.length) {
      throw new FilterError(`must join comparisons by AND; it has ${JSON.stringify(rest)}`);
    }
    rest = rest.slice(and.length);
  }
  return conditions;
}

function parseValue(name: string, type: "integer" | "number" | "time", text: string): number | string {
  if (type === "time") {
    try {
      return toMicroseconds(fromJson(TimestampSchema, JSON.parse(text)));
    } catch {
      throw new FilterError(`must compare ${name} with a time in quotes such as "2024-01-01T00:00:00Z", not ${text}`);
    }
  }
  const value = Number(text);
  const valid = /^-?\d+(\.\d+)?$/.test(text) && (type === "number" ? Number.isFinite(Math.fround(value)) : (value | 0) === value);
  if (!valid) throw new FilterError(`must compare ${name} with ${type === "integer" ? "an integer of 32 bits" : "a number"}, not ${text}`);
  // PostgreSQL rejects a number that is nearer to 0 than a float of 32 bits can be.
  return type === "number" ? Math.fround(value) : value;
}
