// Each of the three files defines its own StreamRequest or StreamResponse. The services are
// exported
// by name, the messages in a namespace for each file.

export * as bothStream from "../gen/streams/both_stream/both_stream_pb.js";
export { Stream } from "../gen/streams/both_stream/both_stream_pb.js";
export * as clientStream from "../gen/streams/client_stream/client_stream_pb.js";
export { StreamClient } from "../gen/streams/client_stream/client_stream_pb.js";
export * as serverStream from "../gen/streams/server_stream/server_stream_pb.js";
export { StreamServer } from "../gen/streams/server_stream/server_stream_pb.js";
