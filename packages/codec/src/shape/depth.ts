/**
 * The maximum nesting of messages, groups and JSON objects, as in protobuf-es and other
 * implementations of Protocol Buffers.
 */
export const depthLimit = 100;
