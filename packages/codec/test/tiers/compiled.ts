// Every type has generated code from its first message on.
import { patience } from "../../src/heat.ts";

patience.messages = 0;
patience.messagesPerField = 0;
