// The errors of the store as statuses of calls.
import { Code, detail, RpcError } from "@grpc-study/rpc";
import { ResourceInfoSchema } from "@grpc-study/rpc/error-details";
import type { OrderExistsError, StoreError } from "@grpc-study/store";
import { unavailable } from "./unavailable.ts";

/**
 * Converts an error of the store, and returns others unchanged:
 *
 * | reason | status |
 * |---|---|
 * | `unavailable` | UNAVAILABLE with RetryInfo |
 * | `full` | RESOURCE_EXHAUSTED |
 * | `cancelled` | DEADLINE_EXCEEDED |
 * | `invalid` | INVALID_ARGUMENT |
 * | another order with the same number | ALREADY_EXISTS with ResourceInfo |
 */
export function toRpcError(error: unknown): unknown {
  if (isStoreError(error)) {
    const { message, reason } = error;
    switch (reason) {
      case "unavailable":
        return unavailable(message, error);
      case "full":
        return new RpcError(Code.RESOURCE_EXHAUSTED, message, { cause: error });
      case "cancelled":
        return new RpcError(Code.DEADLINE_EXCEEDED, message, { cause: error });
      case "invalid":
        return new RpcError(Code.INVALID_ARGUMENT, message, { cause: error });
    }
  }
  if (isOrderExistsError(error)) {
    const { no } = error.existing;
    const description = `it differs in ${error.differs.map((field) => fieldNames[field]).join(", ")}`;
    return new RpcError(Code.ALREADY_EXISTS, `another order has the order_no ${JSON.stringify(no)}: ${description}`, {
      details: [detail(ResourceInfoSchema, { resourceType: "services.OrderMain", resourceName: no, description })],
      cause: error,
    });
  }
  return error;
}

const fieldNames = { id: "order_id", userId: "user_id", money: "order_money" } as const;

// By name, since `instanceof` would load the driver of the database.
function isStoreError(error: unknown): error is StoreError {
  return error instanceof Error && error.name === "StoreError";
}

function isOrderExistsError(error: unknown): error is OrderExistsError {
  return error instanceof Error && error.name === "OrderExistsError";
}
