// Serves the built site over HTTP on loopback.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

const dist = new URL("../.vitepress/dist/", import.meta.url);

/** Resolves once the server listens. Port 0 selects a free port. */
export async function serveSite(port: number): Promise<{ readonly address: string; readonly server: Server }> {
  if (!existsSync(dist)) throw new Error("the site is not built: run `pnpm build` first");
  const missing = await readFile(new URL("404.html", dist));
  const files = sirv(fileURLToPath(dist), { extensions: ["html"], etag: true });
  const server = createServer((request, response) => {
    files(request, response, () => {
      response.writeHead(404, { "content-type": "text/html; charset=utf-8" });
      response.end(missing);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { address: `http://localhost:${(server.address() as AddressInfo).port}`, server };
}
