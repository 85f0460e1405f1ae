// The descriptor of grpc.health.v1, for clients: `createClient(Health, address)`.
export * from "../../../gen/grpc/health/v1/health_pb.js";
