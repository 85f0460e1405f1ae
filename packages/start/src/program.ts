// The command line as an object, for its documentation. Its commands do nothing.
import { createProgram } from "@grpc-study/server";
import { options } from "./options.ts";

export const program = createProgram(options, async () => {});
