/** How the messages of Connect and gRPC-Web are encoded. */
export type Format = "json" | "proto";
