// The limits in the schema of the configuration.
import { count, duration } from "./schema-parts.ts";

export const messageLimits = {
  bodyLimit: count("Maximum size of a request body, or of one line or frame of a stream, in bytes. Default: 4 MiB."),
  elementLimit: count("Maximum number of elements in a JSON body: messages, fields, list items and map entries. Default: 1000000."),
  maxResponseBytes: count("Maximum size of a response message from the server, in bytes. Default: 4 MiB."),
} as const;

export const callLimits = {
  timeout: duration("Maximum duration of a call. Default: unlimited."),
  maxCalls: count("Maximum number of concurrent calls. Default: 10000."),
  maxCallsPerAddress: count("Maximum number of concurrent calls for one client address. Default: half of maxCalls."),
  callsPerConnection: count("Concurrent calls on a connection to a server before another one opens. Default: 100."),
} as const;

export const connectionLimits = {
  bodyTimeout: duration("Time limit for a request body, or for the next chunk of a stream. Default: 30s."),
  maxHeaderBytes: count("Maximum size of the URL and the headers together, in bytes. Default: 16384."),
  headersTimeout: duration("Time limit for the request headers. Default: 10s."),
  maxConnections: count("Maximum number of client connections. Default: 10000."),
  maxStreams: count("Maximum number of concurrent streams on an HTTP/2 connection. Default: 100."),
  maxPipelined: count("Maximum number of concurrent requests on an HTTP/1.1 connection. Default: 16."),
} as const;
