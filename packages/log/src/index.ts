export type { Logger } from "pino";
export { hasColour } from "./colour.ts";
export { createLogger, type LogLevel, logLevels } from "./logger.ts";
