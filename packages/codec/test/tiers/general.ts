// Keeps every type on general code.
import { thresholds } from "../../src/heat.ts";

thresholds.messages = Number.POSITIVE_INFINITY;
