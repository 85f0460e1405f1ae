// The three files define StreamRequest and StreamResponse each in its own way: the services stand side by side,
// the messages under the name of their file.

export * as bothStream from "../gen/streams/both_stream/both_stream_pb.js";
export { Stream } from "../gen/streams/both_stream/both_stream_pb.js";
export * as clientStream from "../gen/streams/client_stream/client_stream_pb.js";
export { StreamClient } from "../gen/streams/client_stream/client_stream_pb.js";
export * as serverStream from "../gen/streams/server_stream/server_stream_pb.js";
export { StreamServer } from "../gen/streams/server_stream/server_stream_pb.js";
