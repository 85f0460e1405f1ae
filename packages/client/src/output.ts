// The output of a command: messages, in the format of the tutorial or as JSON lines, and one line
// for an error.
import { once } from "node:events";
import type { Writable } from "node:stream";
import { styleText } from "node:util";
import { type DescMessage, type MessageShape, toJsonString } from "@bufbuild/protobuf";
import { printable } from "@grpc-study/command/printable";
import { RpcError } from "@grpc-study/rpc";
import { goText } from "./go-text.ts";

/** A stream that may be a terminal. */
export type Output = Writable & { readonly isTTY?: boolean };

/** Writes a line. Returns a promise while the reader is slower than the server. */
export type WriteLine = (line: string) => void | Promise<void>;

/**
 * Prints a received message as `text` or as a line of JSON. Default of `text`: the message as Go
 * prints it.
 */
export type Print = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>, text?: string) => Promise<void>;

/** JSON has the names of the .proto file and all fields, so that a score of 0 is printed. */
const jsonOptions = { useProtoFieldName: true, alwaysEmitImplicit: true };

export function printer(writeLine: WriteLine, json: boolean): Print {
  return async (schema, message, text = goText(schema, message)) => {
    await writeLine(json ? printable(toJsonString(schema, message, jsonOptions)) : text);
  };
}

/** Returns a function that writes lines with backpressure. */
export function lineWriter(output: Output): WriteLine {
  return async (line) => {
    // The peer's text must not control the terminal. A pipe gets it unchanged.
    const text = output.isTTY ? printable(line) : line;
    if (!output.write(`${text}\n`)) await once(output, "drain");
  };
}

/**
 * Writes one line with the reason of a failure: `UNAVAILABLE: …` for a call, `error: …` for
 * anything else.
 */
export function writeError(output: Output, error: unknown): void {
  const [label, message] = describe(error);
  // styleText respects NO_COLOR and TERM, but would also colour a pipe if FORCE_COLOR is set.
  const styled = output.isTTY ? styleText("red", label, { stream: output }) : label;
  output.write(`${styled}: ${printable(message.trim().replace(/\s+/g, " "))}\n`);
}

/** Writes one line of news, such as a connection that was lost and is tried again. */
export function writeNote(output: Output, line: string): void {
  output.write(`${printable(line.trim().replace(/\s+/g, " "))}\n`);
}

function describe(error: unknown): [label: string, message: string] {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof RpcError)) return ["error", message.replace(/^error: /, "")];
  const [label = ""] = error.toString().split(":", 1);
  return [label, message];
}
