// A server of the gateway with a stub instead of the gateway, for tests of connections.
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { check } from "../src/core.ts";
import { ErrorWriter } from "../src/http/errors.ts";
import type { HttpRequest, HttpResponse } from "../src/http/message.ts";
import { Server, type ServerInit } from "../src/server/server.ts";

/** Long time limits, so that only events end a connection. */
export const patient = { headersTimeoutMs: 600_000, keepAliveTimeoutMs: 600_000 };

const json = { "content-type": "application/json" };
export const errors: ErrorWriter = new ErrorWriter(undefined);

export class Stub {
  /** Requests in flight. */
  running = 0;
  max = 0;
  /** Requests whose client went away, or whose response was aborted. */
  cancelled = 0;
  readonly requests: HttpRequest[] = [];
  /** The size of all parts that `/upload` has read. */
  received = 0;
  /** The waiting responses. */
  readonly waiting = new Set<HttpResponse>();

  readonly handle = (request: HttpRequest, response: HttpResponse): void => {
    this.requests.push(request);
    this.max = Math.max(this.max, ++this.running);
    response.onClose = (complete) => {
      this.running--;
      this.waiting.delete(response);
      if (!complete) this.cancelled++;
    };
    this.#answer(request, response).catch((error: unknown) => {
      const { status, headers, body } = errors.response(error);
      if (response.started) response.abort();
      else response.send(status, { ...json, ...headers }, body);
    });
  };

  async #answer(request: HttpRequest, response: HttpResponse): Promise<void> {
    check(request, undefined);
    await nextTurn();
    const [, root, name = ""] = request.path.split("/");
    if (root === "wait") this.waiting.add(response);
    else if (root === "echo") response.send(200, json, request.body === undefined ? "" : await text(request.body));
    else if (root === "name") response.send(200, json, JSON.stringify({ name }));
    else if (root === "status") response.send(Number(name), json, "");
    else if (root === "list") {
      response.start(200, { "content-type": "text/event-stream" });
      response.write("data: {}\n\n");
      this.waiting.add(response);
    } else if (root === "fill") await this.#fill(response, Number(name));
    else if (root === "upload") {
      for await (const chunk of request.body ?? []) this.received += (chunk as Buffer).length;
      response.send(200, json, JSON.stringify(this.received));
    } else if (root === "talk") {
      response.start(200, json);
      for await (const chunk of request.body ?? []) response.write(chunk as Buffer);
      response.end({ "x-checksum": "none" });
    } else if (root === "cut") {
      response.start(200, json);
      response.write("[1,");
      await nextTurn();
      response.abort();
    } else response.send(404, json, "{}");
  }

  /** Sends a body of `size` bytes, and waits for slow clients. */
  async #fill(response: HttpResponse, size: number): Promise<void> {
    response.start(200, { "content-type": "application/octet-stream" });
    const chunk = Buffer.alloc(16_384, "x");
    for (let sent = 0; sent < size && !response.closed; sent += chunk.length) {
      this.received += chunk.length;
      if (!response.write(chunk)) await response.drained();
    }
    response.end();
  }
}

export interface StubServer {
  readonly server: Server;
  readonly stub: Stub;
  readonly url: string;
  readonly port: number;
}

/** Starts a server on 127.0.0.1, which closes when the test finishes. */
export async function startStub(options: Partial<ServerInit> = {}, address = "127.0.0.1:0"): Promise<StubServer> {
  const stub = new Stub();
  const server = new Server({ handler: stub.handle, errors, limits: patient, ...options });
  onTestFinished(() => server.close(0));
  const { url, port } = await server.listen(address);
  return { server, stub, url, port };
}
