// A response that is not gRPC, from a proxy or another HTTP server. Its text becomes part of the
// error message.
import type { HeaderList, Stream } from "@grpc-study/http2";
import { isGrpcType } from "../../../protocol/content-type.ts";
import type { Status } from "../../../protocol/status.ts";
import { foreignStatus } from "./end-status.ts";

/** How many bytes of the body are read, and how many characters of text are quoted. */
const maxBytes = 1024;
const maxText = 200;

/** How long the call waits for the body, in milliseconds. */
const bodyTimeoutMs = 1000;

export class ForeignResponse {
  readonly #path: string;
  readonly #list: HeaderList;
  readonly #onEnd: (status: Status) => void;
  readonly #timer: NodeJS.Timeout;
  #body: Buffer = Buffer.alloc(0);

  constructor(path: string, list: HeaderList, onEnd: (status: Status) => void) {
    this.#path = path;
    this.#list = list;
    this.#onEnd = onEnd;
    this.#timer = setTimeout(() => this.end(), bodyTimeoutMs);
  }

  /** Whether the content type is gRPC, and only the HTTP status is wrong. */
  get isGrpcType(): boolean {
    return isGrpcType(this.#list.get("content-type"));
  }

  onData(data: Buffer, stream: Stream): void {
    this.#body = Buffer.concat([this.#body, data.subarray(0, maxBytes - this.#body.length)]);
    stream.credit(data.length);
    if (this.#body.length >= maxBytes) this.end();
  }

  end(): void {
    this.close();
    this.#onEnd(foreignStatus(this.#path, this.#list, this.#text()));
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #text(): string {
    const type = this.#list.get("content-type") ?? "";
    if (!/^text\/|[/+](?:json|xml)\b/i.test(type) || this.#list.get("content-encoding") !== undefined) return "";
    const text = this.#body
      .toString()
      .replace(/[\p{C}\s]+/gu, " ")
      .trim();
    return text.length > maxText ? `${text.slice(0, maxText).toWellFormed()}…` : text;
  }
}
