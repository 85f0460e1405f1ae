// The body of a streaming response. It requests the next message once there is room for it.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { RpcError } from "@grpc-study/rpc";
import { jsonOf, notAPromise } from "../hook-results.ts";
import type { Responses, Route } from "../route.ts";
import { print } from "./print.ts";
import type { ResponseFormat } from "./response-format.ts";
import type { RestExchange } from "./rest-exchange.ts";

interface Source {
  readonly responses: Responses;
  /** The first response, which has been requested already. */
  readonly first: Promise<Message | undefined>;
  readonly route: Route;
  /** `undefined` for raw bytes. */
  readonly format: ResponseFormat | undefined;
  /** The index of the first response. */
  readonly firstIndex: number;
}

/** Milliseconds without a response after which the format's keep-alive is sent. */
const idleMs = 15_000;

/** Number of responses after which the event loop gets a turn. */
const turnEvery = 64;

/** Sends the headers and all responses. Never rejects. */
export async function sendResponses(exchange: RestExchange, source: Source): Promise<void> {
  const { response } = exchange;
  const { responses, route, format } = source;
  let index = source.firstIndex;
  let turns = 0;
  exchange.start(200);
  if (format?.begin) response.write(format.begin);
  const idle = format?.idle;
  const timer = idle === undefined ? undefined : setInterval(() => response.write(idle), idleMs).unref();
  try {
    for (let next = source.first; !response.closed; next = responses.recv()) {
      const message = await next;
      if (message === undefined) break;
      timer?.refresh();
      const printed = print(exchange, route, message);
      const chunk = typeof printed === "string" ? (format?.result(printed, index++) ?? printed) : printed.data;
      if (chunk.length > 0 && !response.write(chunk)) await response.drained();
      // An in-process upstream with a fast reader would starve other calls.
      else if (++turns % turnEvery === 0) await nextTurn();
    }
    if (format?.end) response.write(format.end);
    response.end(exchange.trailer);
  } catch (thrown) {
    const error = RpcError.from(thrown);
    exchange.code = error.code;
    exchange.log(error);
    if (format?.failure !== undefined) {
      response.write(format.failure(streamError(exchange, error)));
      response.end(exchange.trailer);
    } else {
      // What has been written arrives first.
      await nextTurn();
      // An incomplete array must not look complete.
      response.abort();
    }
  } finally {
    clearInterval(timer);
    responses.cancel();
  }
}

/** The JSON of an error within a stream. */
function streamError(exchange: RestExchange, error: RpcError): string {
  const { request, method, settings } = exchange;
  const { status, body } = settings.errors.response(error);
  try {
    const custom = notAPromise("streamError", settings.hooks.streamError?.(error, { request, method, status, body }));
    return custom === undefined || custom === null ? body : jsonOf("streamError", custom);
  } catch (thrown) {
    exchange.log(RpcError.from(thrown));
    return body;
  }
}
