// The descriptor of grpc.reflection.v1, for clients: `createClient(ServerReflection, address)`.
export * from "../../../gen/grpc/reflection/v1/reflection_pb.js";
