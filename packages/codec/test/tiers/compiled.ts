// Generates the code of each type before its first message.
import { patience } from "../../src/heat.ts";

patience.messages = 0;
patience.messagesPerField = 0;
