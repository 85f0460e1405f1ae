// The command, for a program that serves more than the topics' gRPC servers.

export { main } from "./command.ts";
export type { Endpoint } from "./endpoint.ts";
export { StartError } from "./start-error.ts";
export type { TlsFiles } from "./tls-files.ts";
export type { HttpListener, HttpListening, HttpListenOptions, Listener, Topic } from "./topic.ts";
export { topics } from "./topics.ts";
