// The command line as an object, for its documentation. Its commands do nothing.
import { createProgram } from "./cli.ts";
import { topics } from "./topics.ts";

export const program = createProgram({ name: "grpc-study-server", topics }, async () => {});
