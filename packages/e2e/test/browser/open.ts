// The ways in which a page receives a stream of responses.
import type { Page } from "playwright-core";
import { oneRequest } from "../gateway/clients/client.ts";
import { webClients } from "../gateway/clients/web.ts";
import { callInPage } from "./pages.ts";

/** Opens `GetStream` of the gateway at `url` with this request, and reads it until the page leaves. */
export type Open = (page: Page, url: string, data: string) => Promise<unknown>;

const apis: Readonly<Record<string, Open>> = {
  fetch: (page, url, data) =>
    page.evaluate(async (url) => {
      for await (const _ of (await fetch(url)).body as ReadableStream);
    }, `${url}/v1/streams/${data}`),
  EventSource: (page, url, data) =>
    page.evaluate((url) => {
      // A global variable keeps it alive.
      Object.assign(globalThis, { source: new EventSource(url) });
    }, `${url}/v1/streams/${data}`),
  WebSocket: (page, url, data) =>
    page.evaluate(
      (url) => {
        Object.assign(globalThis, { socket: new WebSocket(url) });
      },
      `${url.replace("http", "ws")}/v1/streams/${data}`,
    ),
};

/** The names of the clients from npm that receive streams. */
export const streamingClients = webClients.filter(({ kinds }) => kinds === oneRequest).map(({ name }) => name);

/** Describes the call of a client, cancelled after `take` responses. */
export const streamCall = (client: string, url: string, data: string, take?: number) => ({
  client,
  url,
  topic: "push",
  method: "Greeter/GetStream",
  requests: [{ data }],
  take,
});

export const opens: Readonly<Record<string, Open>> = {
  ...apis,
  ...Object.fromEntries(
    streamingClients.map((client): [string, Open] => [client, (page, url, data) => callInPage(page, streamCall(client, url, data))]),
  ),
};
