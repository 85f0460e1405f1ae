// Serves the site from source and reloads on each change. `--port` sets the port.
import { parseArgs } from "node:util";
import { createServer } from "vitepress";
import { generate } from "./generate.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: "5173" } } });

await generate();
const server = await createServer(new URL("../", import.meta.url).pathname, { host: "127.0.0.1", port: Number(values.port) });
await server.listen();
server.printUrls();
