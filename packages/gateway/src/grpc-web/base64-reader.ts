// Decodes the text of application/grpc-web-text: base64 in several pieces, each with its own padding
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md).
import { Code, RpcError } from "@grpc-study/rpc";
import { quote } from "../fields/invalid-field.ts";

export class Base64Reader {
  /** Up to three characters of the next group. */
  #rest = "";

  /**
   * Decodes a chunk.
   *
   * @throws RpcError INVALID_ARGUMENT if it is not base64.
   */
  push(chunk: Buffer): Buffer {
    const text = this.#rest + chunk.toString("latin1");
    const end = text.length - (text.length % 4);
    this.#rest = text.slice(end);
    const whole = text.slice(0, end);
    if (!/^[A-Za-z0-9+/=]*$/.test(text)) throw notBase64(text);
    const padding = whole.indexOf("=");
    // Without padding before the end, Node decodes the text at once.
    if (padding < 0 || padding >= whole.length - 2) return piece(whole);
    return Buffer.concat((whole.match(/[^=]+={0,2}/g) ?? [whole]).map(piece));
  }

  /** @throws RpcError INVALID_ARGUMENT if the last group is incomplete. */
  end(): void {
    if (this.#rest !== "") throw new RpcError(Code.INVALID_ARGUMENT, "the body is not base64: its last group has fewer than 4 characters");
  }
}

/** Decodes one piece, with padding only at its end. */
function piece(text: string): Buffer {
  if (text.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(text)) throw notBase64(text);
  return Buffer.from(text, "base64");
}

function notBase64(text: string): RpcError {
  return new RpcError(Code.INVALID_ARGUMENT, `the body is not base64: ${quote(text)}`);
}
