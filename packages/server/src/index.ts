// The command, for a program that serves more than the topics' gRPC servers.

export { createProgram, type ProgramOptions } from "./cli.ts";
export { main } from "./command.ts";
export type { Endpoint } from "./endpoint.ts";
export type { Front, FrontedTopic, FrontListenOptions } from "./front.ts";
export { StartError } from "./start-error.ts";
export type { TlsFiles } from "./tls-files.ts";
export type { HttpListener, HttpListening, HttpListenOptions, Listener, Topic } from "./topic.ts";
export { topics } from "./topics.ts";
