// Switches each type to generated code after a few messages, at different times.
import { thresholds } from "../../src/heat.ts";

thresholds.messages = 2;
thresholds.messagesPerField = 0.3;
thresholds.itemsPerMessage = 4;
