// Interceptors that wrap the request and the response of every kind of call.
import type { Message } from "@bufbuild/protobuf";
import type { ClientInterceptor, ServerInterceptor } from "../src/index.ts";

type Watch = (message: Message) => void | Promise<void>;

/** Passes each message to a function before the next reader gets it. */
async function* watched(messages: AsyncIterable<Message>, watch: Watch) {
  for await (const message of messages) {
    await watch(message);
    yield message;
  }
}

export function watchServer(onRequest: Watch, onResponse: Watch = () => {}): ServerInterceptor {
  return async (call, next) => {
    if (call.requests === undefined) await onRequest(await call.request);
    const response = await (call.requests === undefined ? next() : next({ requests: watched(call.requests, onRequest) }));
    if (response.messages !== undefined) return { messages: watched(response.messages, onResponse) };
    await onResponse(response.message);
    return response;
  };
}

export function watchClient(onRequest: Watch, onResponse: Watch = () => {}): ClientInterceptor {
  return async (call, next) => {
    if (call.requests === undefined) await onRequest(call.request);
    const response = await (call.requests === undefined ? next() : next({ requests: watched(call.requests, onRequest) }));
    if (response.messages !== undefined) return { messages: watched(response.messages, onResponse) };
    await onResponse(response.message);
    return response;
  };
}

/** The text of a message of the test service. */
export function textOf(message: Message): string {
  return "text" in message && typeof message.text === "string" ? message.text : "";
}
