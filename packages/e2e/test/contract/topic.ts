// The contract as data: what each topic serves, how it answers, and what its client sends and prints.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Code } from "@grpc-study/rpc";

/** A topic's part of the contract. */
export interface Topic {
  /** As the command line says it. */
  readonly name: string;
  /** Where it is served unless told otherwise. Tests only read that: they listen on ports that the system gives. */
  readonly listeners: readonly { readonly port: number; readonly security: "plaintext" | "TLS" | "mutual TLS" | "token" }[];
  /** Its methods, as `<path> <call kind>`, and its messages and enums, as `name{type field=number; …}`: in the order of their files. */
  readonly definition: readonly string[];
  /** What callers ask of our server. */
  readonly calls: readonly Call[];
  /** What our client asks of any server. */
  readonly commands: readonly Command[];
}

/** A call, and how it is answered. Messages are JSON with the names of the .proto file; a field with its default value is left out. */
export interface Call {
  /** A sentence: what the server does. */
  readonly title: string;
  readonly method: DescMethod;
  readonly requests: readonly JsonObject[];
  /** All responses, or, where they are not the same every time, what has to hold for them. */
  readonly responses: readonly JsonObject[] | ((responses: readonly JsonObject[]) => void);
  /** How it ends. Default: OK. */
  readonly code?: Code;
  /** Leave after so many responses: for calls that take their time. */
  readonly take?: number;
}

/** A command of our client, the calls that it makes, and what it prints of their responses. */
export interface Command {
  /** A sentence: what the client does. */
  readonly title: string;
  /** After the topic. */
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly exchanges: readonly Exchange[];
  readonly stdout: string;
  /** Our own server answers something else, which the topic's test looks at. */
  readonly othersOnly?: true;
}

/** A call as a server sees it that answers by rote. */
export interface Exchange {
  readonly method: DescMethod;
  readonly requests: readonly JsonObject[];
  readonly responses: readonly JsonObject[];
}
