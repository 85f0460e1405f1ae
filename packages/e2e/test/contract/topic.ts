// The contract as data: the services of each topic, their responses, and the requests and output of
// its client.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Code } from "@grpc-study/rpc";

/** A topic's part of the contract. */
export interface Topic {
  /** The name on the command line. */
  readonly name: string;
  /**
   * The default listeners. Tests only read them, and listen on ports that the system assigns.
   */
  readonly listeners: readonly { readonly port: number; readonly security: "plaintext" | "TLS" | "mutual TLS" | "token" }[];
  /**
   * Its methods, as `<path> <call kind>`, and its messages and enums, as
   * `name{type field=number; …}`: in file order.
   */
  readonly definition: readonly string[];
  /** Calls to our server. */
  readonly calls: readonly Call[];
  /** Commands of our client, for any server. */
  readonly commands: readonly Command[];
}

/**
 * A call and its responses. Messages are JSON with the names in the .proto file, without fields
 * that have their default value.
 */
export interface Call {
  /** A sentence that describes the behaviour of the server. */
  readonly title: string;
  readonly method: DescMethod;
  readonly requests: readonly JsonObject[];
  /** All responses, or a check if they vary. */
  readonly responses: readonly JsonObject[] | ((responses: readonly JsonObject[]) => void);
  /** The status of the call. Default: OK. */
  readonly code?: Code;
  /** Cancels a long call after this number of responses. */
  readonly take?: number;
}

/** A command of our client, its calls, and its output. */
export interface Command {
  /** A sentence that describes the behaviour of the client. */
  readonly title: string;
  /** The arguments after the topic. */
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly exchanges: readonly Exchange[];
  readonly stdout: string;
  /** True if our own server responds differently. The test of the topic covers that. */
  readonly othersOnly?: true;
}

/** A call as seen by a server with fixed responses. */
export interface Exchange {
  readonly method: DescMethod;
  readonly requests: readonly JsonObject[];
  readonly responses: readonly JsonObject[];
}
