import type { Command } from "commander";
import { action, type Io, topic } from "../topic.ts";
import { health } from "./client.ts";

export const healthCommand = (io: Io): Command =>
  topic("health", "localhost:50051", "print the health of a server, and end with status 1 unless it is SERVING", "1s")
    .option("--service <name>", "full name of the service, instead of the server as a whole", "")
    .action(action<{ service: string }>(io, (context, { service }) => health(context, service)));
