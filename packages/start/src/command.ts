// Runs the command line of `process.argv`.
import { main } from "@grpc-study/server";
import { options } from "./options.ts";

await main(options);
