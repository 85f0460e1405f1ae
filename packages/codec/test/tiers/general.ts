// Every type stays with the code that serves all types.
import { patience } from "../../src/heat.ts";

patience.messages = Number.POSITIVE_INFINITY;
