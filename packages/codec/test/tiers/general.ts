// Keeps every type on general code.
import { patience } from "../../src/heat.ts";

patience.messages = Number.POSITIVE_INFINITY;
