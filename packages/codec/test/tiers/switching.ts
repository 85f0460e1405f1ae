// Switches each type to generated code after a few messages, at different times.
import { patience } from "../../src/heat.ts";

patience.messages = 2;
patience.messagesPerField = 0.3;
patience.itemsPerMessage = 4;
