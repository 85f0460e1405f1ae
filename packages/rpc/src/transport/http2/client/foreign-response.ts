// A response that is not gRPC's: of a proxy, or of a server of something else. What it says is a part of the error.
import type { HeaderList, Stream } from "@grpc-study/http2";
import { isGrpcType } from "../../../protocol/content-type.ts";
import type { Status } from "../../../protocol/status.ts";
import { foreignStatus } from "./end-status.ts";

/** How many bytes of the body are read, and how much of its text is said. */
const maxBytes = 1024;
const maxText = 200;

/** How long the call waits for the body. Milliseconds. */
const patience = 1000;

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
    this.#timer = setTimeout(() => this.end(), patience);
  }

  /** Whether its content type is that of gRPC, and so its HTTP status is wrong. */
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
