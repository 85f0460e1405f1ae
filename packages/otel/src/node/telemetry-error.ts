/** Telemetry cannot start. The message is one line for the operator. */
export class TelemetryError extends Error {
  static {
    TelemetryError.prototype.name = "TelemetryError";
  }
}
