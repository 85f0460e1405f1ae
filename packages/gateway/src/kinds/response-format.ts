// The formats in which a stream of responses is written into one HTTP response. The client chooses
// by `Accept`.

export interface ResponseFormat {
  readonly contentType: string;
  readonly begin: string;
  /** @param index counts from 0, or from the last event that an SSE client has received. */
  result(json: string, index: number): string;
  /**
   * Formats a google.rpc.Status in JSON. `undefined` if the format cannot express an error; the
   * response is aborted then.
   */
  readonly failure: ((status: string) => string) | undefined;
  readonly end: string;
  /** Sent during silence, so that proxies keep the connection open. */
  readonly idle: string | undefined;
}

/**
 * One line for each response, `{"result":…}`, and one for an error, `{"error":…}`, as in
 * grpc-gateway.
 */
const ndjson: ResponseFormat = {
  contentType: "application/x-ndjson",
  begin: "",
  result: (json) => `{"result":${json}}\n`,
  failure: (status) => `{"error":${status}}\n`,
  end: "",
  idle: undefined,
};

/**
 * The id of the last event. An EventSource reconnects with it after the end, and gets 204, which
 * stops it.
 */
export const lastEventId = "end";

/**
 * The index of the first event. A client that reconnects continues its numbering; the upstream gets
 * `last-event-id` as metadata.
 */
export function firstIndex(format: ResponseFormat, last: string | string[] | undefined): number {
  return format === sse && typeof last === "string" && /^\d{1,15}$/.test(last) ? Number(last) + 1 : 0;
}

/**
 * Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html), for a
 * browser's EventSource.
 */
const sse: ResponseFormat = {
  contentType: "text/event-stream",
  begin: "",
  result: (json, index) => `id: ${index}\ndata: ${json}\n\n`,
  failure: (status) => `event: error\nid: ${lastEventId}\ndata: ${status}\n\n`,
  end: `event: end\nid: ${lastEventId}\ndata: {}\n\n`,
  idle: ":\n\n",
};

/** One JSON array. */
const array: ResponseFormat = {
  contentType: "application/json",
  begin: "[",
  result: (json, index) => (index === 0 ? json : `,${json}`),
  failure: undefined,
  end: "]",
  idle: undefined,
};

const formats: readonly (readonly [type: RegExp, format: ResponseFormat])[] = [
  [/^application\/(?:x-)?(?:ndjson|jsonl)$/, ndjson],
  [/^text\/event-stream$/, sse],
  [/^application\/json$/, array],
];

/** The preferred format of an `Accept` header. Default: NDJSON. */
export function chooseFormat(accept: string | undefined): ResponseFormat {
  let chosen = ndjson;
  let best = 0;
  for (const range of accept?.split(",") ?? []) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = Number(/^q=(.*)$/.exec(parameters.find((parameter) => parameter.startsWith("q=")) ?? "q=1")?.[1]);
    const format = formats.find(([pattern]) => pattern.test(type))?.[1];
    if (format !== undefined && quality > best) {
      chosen = format;
      best = quality;
    }
  }
  return chosen;
}
