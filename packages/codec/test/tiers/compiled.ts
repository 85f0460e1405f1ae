// Generates the code of each type before its first message.
import { thresholds } from "../../src/heat.ts";

thresholds.messages = 0;
thresholds.messagesPerField = 0;
