// Serves the pages of the tests on loopback, from another origin than the gateway's.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import type { Ending } from "../peers/call.ts";
import type { PageCall } from "./page/clients.ts";

export interface Pages extends AsyncDisposable {
  /** The origin of the pages: `http://127.0.0.1:…`. */
  readonly origin: string;
  /** Returns the URL of a page that may load only its own script, and connect only to `target`. */
  strict(target: string): string;
}

let bundle: Promise<string> | undefined;

/** Bundles the clients, once for each test file. */
async function bundleClients(): Promise<string> {
  const entry = fileURLToPath(new URL("page/clients.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: "iife", platform: "browser" });
  return outputFiles[0]?.text ?? "";
}

/** Serves a page at every path, with the clients of page/clients.ts. */
export async function servePages(): Promise<Pages> {
  bundle ??= bundleClients();
  const script = await bundle;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(`http://pages${request.url}`);
    const target = searchParams.get("connect");
    if (target !== null) response.setHeader("content-security-policy", `default-src 'none'; script-src 'self'; connect-src ${target}`);
    const isScript = pathname === "/clients.js";
    response.setHeader("content-type", isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8");
    response.end(
      isScript ? script : '<!doctype html><title>test</title><link rel="icon" href="data:,"><script src="/clients.js"></script>',
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    strict: (target) => `${origin}/?${new URLSearchParams({ connect: target })}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Makes a call in a page, with a client from npm. */
export function callInPage(page: Page, call: PageCall): Promise<Ending> {
  return page.evaluate((json) => globalThis.callGateway(json), JSON.stringify(call));
}
