// Serves the built site. `--port` sets the port; 0 selects a free port.
import { parseArgs } from "node:util";
import { serveSite } from "./site.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: "4173" } } });
const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
if (!(port <= 65535)) throw new Error(`--port must be 0 to 65535, got ${values.port}`);

const { address } = await serveSite(port);
console.log(`The documentation is at ${address}/ (English) and ${address}/zh/ (中文). Press Ctrl-C to stop.`);
