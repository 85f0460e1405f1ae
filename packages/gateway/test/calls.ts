// A server for the tests of Connect and gRPC-Web.
import { randomBytes } from "node:crypto";
import type { Any } from "@bufbuild/protobuf/wkt";
import { Code, type Context, type Implementation, implement, RpcError } from "@grpc-study/rpc";
import { Calls, type Note } from "./gen/calls_pb.js";

export { Calls };

/** What the server has seen. */
export interface Seen {
  /** How each call ended: `ok`, or the name of the code with which its signal aborted. */
  readonly ends: string[];
  /** The metadata of the last call, as text. */
  metadata: Readonly<Record<string, string>>;
  /** The time that the last call had left, in milliseconds. */
  timeLeftMs: number | undefined;
  /** The number of responses that `repeat` has created. */
  responses: number;
}

/** Returns the server's methods, and what they see. */
export function callsServer(): { readonly implementation: Implementation; readonly seen: Seen } {
  const seen: Seen = { ends: [], metadata: {}, timeLeftMs: undefined, responses: 0 };

  /** Answers with the metadata of the request: `x-*` as a header, `t-*` as a trailer. */
  const begin = ({ metadata, header, trailer, signal, deadline }: Context) => {
    signal.addEventListener("abort", () => seen.ends.push(Code[(signal.reason as RpcError).code] ?? "?"));
    seen.metadata = Object.fromEntries(
      [...metadata].map(([key, value]) => [key, typeof value === "string" ? value : value.toString("base64")]),
    );
    seen.timeLeftMs = deadline && deadline.getTime() - Date.now();
    for (const [key, value] of metadata) {
      if (key.startsWith("x-echo")) header.add(key, value);
      if (key.startsWith("t-echo")) trailer.add(key, value);
    }
  };
  const end = ({ code, text, details }: Note) => {
    if (code > 0) throw new RpcError(code as Code, text, { details: details as readonly Any[] });
    seen.ends.push("ok");
  };
  const echo = async (note: Note, context: Context) => {
    begin(context);
    if (note.text === "hang") await aborted(context);
    end(note);
    return note.size > 0 ? { ...note, data: randomBytes(note.size) } : note;
  };

  const implementation = implement(Calls, {
    echo,
    read: echo,
    async *repeat(note, context) {
      begin(context);
      context.sendHeader();
      for (let count = 1; count <= note.count; count++) {
        seen.responses++;
        yield { text: note.text, count, data: randomBytes(note.size) };
      }
      if (note.text === "hang") await aborted(context);
      end(note);
    },
    async join(notes, context) {
      begin(context);
      const texts: string[] = [];
      let size = 0;
      for await (const note of notes) {
        texts.push(note.text);
        size += note.data.length;
        end(note);
        seen.ends.pop();
      }
      seen.ends.push("ok");
      return { text: texts.join(","), count: texts.length, size };
    },
    async *chat(notes, context) {
      begin(context);
      context.sendHeader();
      for await (const note of notes) {
        yield note;
        end(note);
        seen.ends.pop();
      }
      seen.ends.push("ok");
    },
  });
  return { implementation, seen };
}

/** Rejects once the call is cancelled. */
function aborted({ signal }: Context): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** Resolves once a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
