// The calls of the past, in the browser's database. Secrets, credentials, and by default metadata, are
// left out.
import { signal } from "@preact/signals";
import { codeNames } from "../call/status.ts";
import type { Metadata } from "../call/types.ts";
import { isPairs, isText, isTexts } from "../json/is-text.ts";
import { type CurrentCall, onCallEnd } from "./calls.ts";
import { newKey, onChangeElsewhere, table } from "./database.ts";
import { disclosed, remember } from "./metadata.ts";
import { boundedTexts, excess } from "./past-limits.ts";
import type { CallRecord } from "./record.ts";
import { jsonWithoutSecrets, withoutSecrets } from "./secrets.ts";

/** A call in the list. Its messages are in `PastAnswer`. */
export interface PastCall {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly path: string;
  readonly code: string;
  /** Milliseconds that it took. */
  readonly ms: number;
  readonly sent: number;
  readonly received: number;
  /** The characters that are stored. */
  readonly size: number;
}

export interface PastAnswer {
  /** The requests as they were written, with their variables. */
  readonly requests: readonly string[];
  readonly messages: readonly string[];
  /** The message of the status. */
  readonly message: string;
  readonly metadata: Metadata;
  readonly deadline: string;
}

/** The latest call is the first. */
export const pastCalls = signal<readonly PastCall[]>([]);

const calls = table("calls");
const answers = table("answers");

/** Reads the history, follows other tabs, and adds each call that ends. */
export async function startHistory(): Promise<void> {
  onChangeElsewhere("calls", () => void load());
  onCallEnd((call) => void add(call));
  await load();
}

async function load(): Promise<void> {
  pastCalls.value = (await calls.all()).filter(isPastCall).reverse();
}

async function add({ method, record, startedAt, written, metadata, timeoutMs }: CurrentCall): Promise<void> {
  const { status, endAt = 0, received } = record;
  const id = newKey();
  const [requests, requestSize] = boundedTexts(written.map(jsonWithoutSecrets));
  const [messages, size] = boundedTexts(messagesOf(record));
  const answer: PastAnswer = {
    requests,
    messages,
    message: withoutSecrets(status?.message ?? ""),
    metadata: disclosed(metadata, remember.value ? "plain" : "none"),
    deadline: timeoutMs === undefined ? "" : String(timeoutMs),
  };
  const call: PastCall = {
    id,
    at: startedAt,
    path: method.path,
    code: status?.code ?? "UNKNOWN",
    ms: endAt,
    sent: written.length,
    received: received.messages,
    size: requestSize + size,
  };
  pastCalls.value = [call, ...pastCalls.value];
  // Another tab shows a call only once its answer is there.
  await answers.put(id, answer);
  await calls.put(id, call);
  for (const old of excess(pastCalls.value)) await removeCall(old.id);
}

/** One by one: a stream has far more messages than the history keeps. */
function* messagesOf(record: CallRecord): Generator<string, void, undefined> {
  for (const { kind, text } of record) if (kind === "message") yield jsonWithoutSecrets(text);
}

/** `undefined` if another tab has removed it. */
export async function answerOf(id: string): Promise<PastAnswer | undefined> {
  const found = await answers.get(id);
  return isPastAnswer(found) ? found : undefined;
}

export async function removeCall(id: string): Promise<void> {
  pastCalls.value = pastCalls.value.filter((call) => call.id !== id);
  await answers.delete(id);
  await calls.delete(id);
}

export async function clearHistory(): Promise<void> {
  pastCalls.value = [];
  await answers.clear();
  await calls.clear();
}

function isPastCall(value: unknown): value is PastCall {
  const { id, path, code, ...numbers } = (value ?? {}) as Partial<Record<keyof PastCall, unknown>>;
  const { at, ms, sent, received, size } = numbers;
  return (
    isText(id) &&
    isText(path) &&
    (codeNames as readonly unknown[]).includes(code) &&
    [at, ms, sent, received, size].every((number) => typeof number === "number" && Number.isFinite(number)) &&
    Math.abs(at as number) <= maxDate
  );
}

/** https://tc39.es/ecma262/#sec-time-values-and-time-range */
const maxDate = 8.64e15;

function isPastAnswer(value: unknown): value is PastAnswer {
  const { requests, messages, message, metadata, deadline } = (value ?? {}) as Partial<Record<keyof PastAnswer, unknown>>;
  return isTexts(requests) && isTexts(messages) && isText(message) && isPairs(metadata) && isText(deadline);
}
