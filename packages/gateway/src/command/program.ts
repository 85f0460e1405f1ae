// The command line as an object, for its documentation. Its command does nothing.
import { createProgram } from "./cli.ts";

export const program = createProgram({ serve: async () => {}, check: async () => {} });
