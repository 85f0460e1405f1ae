export * from "../gen/shop/models_pb.js";
export * from "../gen/shop/order_history_pb.js";
export * from "../gen/shop/order_pb.js";
export * from "../gen/shop/prod_pb.js";
export * from "../gen/shop/user_pb.js";
