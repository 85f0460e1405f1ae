export * from "../gen/hello_stream/hello_stream_pb.js";
