// @grpc-study/nestjs: NestJS controllers on the server of @grpc-study/rpc, and typed clients as
// providers.
export {
  type AsyncClientOptions,
  type ClientModuleOptions,
  type ClientSettings,
  clientToken,
  GrpcClientModule,
  InjectClient,
} from "./client-module.ts";
export { GrpcExceptionFilter } from "./exceptions.ts";
export { type ControllerMethods, Implement } from "./implement.ts";
export { GrpcStrategy, type GrpcStrategyOptions } from "./strategy.ts";
