// Every type switches to generated code after a few messages, each type at a time of its own.
import { patience } from "../../src/heat.ts";

patience.messages = 2;
patience.messagesPerField = 0.3;
patience.itemsPerMessage = 4;
