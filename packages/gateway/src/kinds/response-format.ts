// How a stream of responses is written into one HTTP response. The caller chooses, by `Accept`.

/** A way to write a stream. */
export interface ResponseFormat {
  readonly contentType: string;
  readonly begin: string;
  /** @param index from 0; that of an event goes on where the caller was. */
  result(json: string, index: number): string;
  /** @param status a google.rpc.Status in JSON; undefined if the format cannot say that a stream failed: the connection is broken off then. */
  readonly failure: ((status: string) => string) | undefined;
  readonly end: string;
  /** Sent when there has been nothing to send for a while, so that nobody on the way closes the connection. */
  readonly idle: string | undefined;
}

/** A line a response, `{"result":…}`, and one for an error, `{"error":…}`: as grpc-gateway has it. */
const ndjson: ResponseFormat = {
  contentType: "application/x-ndjson",
  begin: "",
  result: (json) => `{"result":${json}}\n`,
  failure: (status) => `{"error":${status}}\n`,
  end: "",
  idle: undefined,
};

/** The id of the last event: a browser reconnects when a stream ends, and this tells that it need not. */
export const lastEventId = "end";

/** The index of the first event, for a caller that comes back after some: an upstream that can resume is told `last-event-id` as metadata. */
export function firstIndex(format: ResponseFormat, last: string | string[] | undefined): number {
  return format === sse && typeof last === "string" && /^\d{1,15}$/.test(last) ? Number(last) + 1 : 0;
}

/** Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html), for a browser's EventSource. */
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

/** The format that an `Accept` header asks for first; NDJSON, if it names none of them. */
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
