export * from "../gen/hello/hello_pb.js";
