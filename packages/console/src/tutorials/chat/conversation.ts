// A conversation over one stream, which it opens again after a failure. A line without a reply is sent again
// then: the protocol has one reply for each line, in order, and does not keep lines.
import { signal } from "@preact/signals";
import { type CodeName, ok, type Status } from "../../call/status.ts";
import type { Listener, OpenCall } from "../calls.ts";

export interface Line {
  readonly id: number;
  readonly from: "me" | "server";
  readonly text: string;
  readonly at: Date;
  /** Whether a line of the reader has its reply. */
  readonly isAnswered: boolean;
  /** Whether the stream ended for good before its reply. It is not sent again. */
  readonly hasFailed: boolean;
}

export type ConnectionState =
  | { readonly kind: "open" }
  /** The stream failed. The next attempt is at `at`, in milliseconds since 1970. */
  | { readonly kind: "waiting"; readonly at: number; readonly status: Status }
  /** The server ended the stream, with a status that another attempt does not change. */
  | { readonly kind: "ended"; readonly status: Status };

export interface ConversationOptions {
  readonly open: (listener: Listener<{ readonly reply: string }>) => OpenCall<{ readonly name: string }>;
  /** From 0 to 1. Default: Math.random */
  readonly random?: () => number;
}

/** Lines that are kept. */
const maxLines = 1000;
/** Milliseconds before the second attempt. Each failure doubles them; half of the delay is random. */
const firstDelayMs = 500;
const longestDelayMs = 10_000;
/** Further attempts after a failure that a line may have caused. */
const maxDoubtful = 3;

/** Codes that another attempt does not change. */
const final: ReadonlySet<CodeName> = new Set([
  "OK",
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "FAILED_PRECONDITION",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "UNAUTHENTICATED",
]);

export class Conversation {
  readonly lines = signal<readonly Line[]>([]);
  readonly state = signal<ConnectionState>({ kind: "open" });
  readonly #options: ConversationOptions;
  #call: OpenCall<{ readonly name: string }> | undefined;
  #failures = 0;
  #nextId = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.connect();
  }

  /** The lines of the reader that still wait for a reply. */
  get unanswered(): readonly Line[] {
    return this.lines.value.filter(({ from, isAnswered, hasFailed }) => from === "me" && !isAnswered && !hasFailed);
  }

  /** Says a line. It waits if there is no stream. */
  say(text: string): void {
    this.#add({ from: "me", text, isAnswered: false });
    if (this.#call !== undefined) this.#call.send({ name: text });
    else if (this.state.value.kind === "ended") this.connect();
  }

  /** Opens the stream now, unless it is open. */
  connect(): void {
    if (this.#call !== undefined) return;
    clearTimeout(this.#timer);
    this.state.value = { kind: "open" };
    let own: OpenCall<{ readonly name: string }> | undefined;
    let ended = false;
    const isOwn = () => own === undefined || this.#call === own;
    own = this.#options.open({
      onMessage: ({ reply }) => isOwn() && this.#take(reply),
      onEnd: (status) => {
        ended = true;
        if (isOwn()) this.#end(status);
      },
    });
    if (ended) return;
    this.#call = own;
    for (const { text } of this.unanswered) own.send({ name: text });
  }

  close(): void {
    clearTimeout(this.#timer);
    const call = this.#call;
    this.#call = undefined;
    this.state.value = { kind: "ended", status: ok };
    call?.cancel();
  }

  #take(text: string): void {
    this.#failures = 0;
    const [first] = this.unanswered;
    this.lines.value = this.lines.value.map((line) => (line === first ? { ...line, isAnswered: true } : line));
    this.#add({ from: "server", text, isAnswered: true });
  }

  #end(status: Status): void {
    this.#call = undefined;
    this.#failures++;
    if (final.has(status.code) || (status.code !== "UNAVAILABLE" && this.#failures > maxDoubtful)) {
      this.#failures = 0;
      const failed = new Set(this.unanswered);
      this.lines.value = this.lines.value.map((line) => (failed.has(line) ? { ...line, hasFailed: true } : line));
      this.state.value = { kind: "ended", status };
      return;
    }
    const { random = Math.random } = this.#options;
    const delayMs = Math.min(firstDelayMs * 2 ** (this.#failures - 1), longestDelayMs) * (0.5 + random() / 2);
    this.state.value = { kind: "waiting", at: Date.now() + delayMs, status };
    this.#timer = setTimeout(() => this.connect(), delayMs);
  }

  #add(line: Omit<Line, "id" | "at" | "hasFailed">): void {
    this.lines.value = [...this.lines.value, { ...line, hasFailed: false, id: this.#nextId++, at: new Date() }].slice(-maxLines);
  }
}
