// @grpc-study/otel/node: starts an OpenTelemetry SDK in a Node process. The SDK's packages are
// optional peers, which are loaded when they are needed.

export { type StartTelemetryOptions, startTelemetry, type Telemetry, TelemetryError } from "./start-telemetry.ts";
