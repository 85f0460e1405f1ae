/** How many levels deep messages, groups and JSON objects may be nested, as in protobuf-es and other implementations of Protocol Buffers. */
export const depthLimit = 100;
