// The command line as an object, for its documentation.
import { createProgram } from "./cli.ts";
import { createInterrupt } from "./interrupt.ts";

const { stdin, stdout, stderr } = process;

export const program = createProgram({ stdin, stdout, stderr, interrupt: createInterrupt() });
