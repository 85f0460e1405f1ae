// The contract as data: what each topic serves, how it responds, and what its client sends and
// prints.
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Code } from "@grpc-study/rpc";

/** A topic's part of the contract. */
export interface Topic {
  /** The name on the command line. */
  readonly name: string;
  /**
   * The default listeners. Tests only read them: test servers listen on ports that the system
   * assigns.
   */
  readonly listeners: readonly { readonly port: number; readonly security: "plaintext" | "TLS" | "mutual TLS" | "token" }[];
  /**
   * The methods as `<path> <call kind>`, then the messages and enums as `name{type field=number;
   * …}`, in the order of the .proto files.
   */
  readonly definition: readonly string[];
  /** The calls to our server. */
  readonly calls: readonly Call[];
  /** The commands of our client, which work with any server. */
  readonly commands: readonly Command[];
}

/**
 * A call and its outcome. Messages are JSON with the field names of the .proto file; fields with
 * their default value are left out.
 */
export interface Call {
  /** A sentence that describes the behaviour of the server. */
  readonly title: string;
  readonly method: DescMethod;
  readonly requests: readonly JsonObject[];
  /** All responses, or a function that checks them if they vary. */
  readonly responses: readonly JsonObject[] | ((responses: readonly JsonObject[]) => void);
  /** The status code. Default: OK. */
  readonly code?: Code;
  /** Cancel the call after this number of responses, because the whole stream takes long. */
  readonly take?: number | undefined;
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
  /** Set if our own server responds differently; the test of the topic covers that. */
  readonly othersOnly?: true;
}

/** One call as a server with fixed responses sees it. */
export interface Exchange {
  readonly method: DescMethod;
  readonly requests: readonly JsonObject[];
  readonly responses: readonly JsonObject[];
}
