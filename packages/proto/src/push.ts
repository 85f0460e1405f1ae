export * from "../gen/push/push_pb.js";
