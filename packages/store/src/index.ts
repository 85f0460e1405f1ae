// The shop's data in PostgreSQL.

export { FolderError } from "./embedded/folder.ts";
export { StoreError, type StoreErrorReason } from "./errors.ts";
export { describeLocation, type StoreLocation } from "./location.ts";
export type { OpenStoreOptions, StoreCallOptions } from "./options.ts";
export type { OrderWatch, WatchOptions } from "./order-watches.ts";
export {
  type Order,
  type OrderCondition,
  OrderExistsError,
  type OrderField,
  type OrderPage,
  type OrderQuery,
  type Orders,
  type PlacedOrder,
} from "./orders.ts";
export type { Product, Products } from "./products.ts";
export type { Area, Stock } from "./stock.ts";
export { openStore, type Store } from "./store.ts";
export type { Users } from "./users.ts";
