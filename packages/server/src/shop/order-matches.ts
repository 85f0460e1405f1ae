// Whether an order fulfils a filter, as the database decides it for ListOrders.
import type { OrderCondition, PlacedOrder } from "@grpc-study/store";

export function orderMatches(order: PlacedOrder, conditions: readonly OrderCondition[]): boolean {
  return conditions.every(({ field, operator, value }) => {
    const own = order[field];
    // As in SQL, a comparison with a time that is absent does not hold.
    if (own === undefined) return false;
    return compare(
      typeof own === "string" ? withMicroseconds(own) : Math.fround(own),
      operator,
      typeof value === "string" ? withMicroseconds(value) : value,
    );
  });
}

function compare<T extends number | string>(one: T, operator: OrderCondition["operator"], other: T): boolean {
  switch (operator) {
    case "=":
      return one === other;
    case "!=":
      return one !== other;
    case "<":
      return one < other;
    case "<=":
      return one <= other;
    case ">":
      return one > other;
    case ">=":
      return one >= other;
  }
}

/** RFC 3339 in UTC with six digits after the dot, so that the order of texts is that of times. */
function withMicroseconds(time: string): string {
  const [, seconds, fraction = ""] = /^(.{19})(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(6, "0")}Z`;
}
