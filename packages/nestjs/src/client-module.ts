// Typed clients as providers.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, type Client, type ConnectOptions, createClient } from "@grpc-study/rpc";
import { checkOptions, type Names, shown, wrongType } from "@grpc-study/rpc/checks";
import { type DynamicModule, type FactoryProvider, Inject, Module, type ModuleMetadata, type OnApplicationShutdown } from "@nestjs/common";

/** The target of a client, with the options of `createClient()`. */
export interface ClientSettings extends ConnectOptions {
  /** An address for `createChannel()`, or a Channel, which clients can share. */
  readonly target: string | Channel;
}

/** The options of `createClient()`, and the name of the client. */
export interface ClientModuleOptions extends ConnectOptions {
  /** Tells clients of one service apart, for example by the region of their target. Default: none. */
  readonly name?: string | undefined;
}

export interface AsyncClientOptions extends Pick<ModuleMetadata, "imports"> {
  /** As for `register()`. Default: none. */
  readonly name?: string | undefined;
  /** The providers that `useFactory` takes, for example a ConfigService. Default: none. */
  readonly inject?: FactoryProvider["inject"];
  readonly useFactory: (...providers: never[]) => ClientSettings | Promise<ClientSettings>;
}

const asyncNames: Names<AsyncClientOptions> = { name: true, imports: true, inject: true, useFactory: true };

/**
 * The injection token of the client of a service, for example for `overrideProvider()` in a test.
 *
 * @param name the name of the client, if it has been registered with one.
 */
export function clientToken(service: DescService, name?: string): string {
  if (service?.kind !== "service") throw new TypeError(`clientToken() takes the descriptor of a service, got ${shown(service)}`);
  if (name !== undefined && typeof name !== "string") throw wrongType("the name of a client", "a string", name);
  return `grpc client ${service.typeName}${name === undefined ? "" : ` "${name}"`}`;
}

/**
 * Injects the client of a service: `@InjectClient(Greeter) private readonly greeter: Client<typeof Greeter>`.
 *
 * @param name the name of the client, if it has been registered with one.
 * @throws TypeError if the argument is not a service.
 */
export function InjectClient(service: DescService, name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(clientToken(service, name));
}

/**
 * Provides the client of a service to the modules that import it. The client connects at its first
 * call, and closes when the application has shut down, after its servers.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: a module of Nest is a class.
export class GrpcClientModule {
  /**
   * Provides a client with the arguments of `createClient()`.
   *
   * @example
   * @Module({ imports: [GrpcClientModule.register(Greeter, "localhost:50051")] })
   */
  static register(service: DescService, target: string | Channel, { name, ...options }: ClientModuleOptions = {}): DynamicModule {
    return GrpcClientModule.registerAsync(service, { name, useFactory: () => ({ ...options, target }) });
  }

  /**
   * Provides a client whose target and options come from other providers.
   *
   * @throws TypeError for an unknown option, or without `useFactory`.
   */
  static registerAsync(service: DescService, options: AsyncClientOptions): DynamicModule {
    checkOptions("registerAsync()", options, asyncNames);
    const { name, imports = [], inject = [], useFactory } = options;
    if (typeof useFactory !== "function") throw wrongType("the option useFactory of registerAsync()", "a function", useFactory);
    const client = clientToken(service, name);
    return {
      module: GrpcClientModule,
      imports,
      providers: [
        {
          provide: client,
          inject,
          useFactory: async (...providers: never[]) => {
            const { target, ...options } = await useFactory(...providers);
            return createClient(service, target as string, options);
          },
        },
        {
          provide: `${client}, closing`,
          inject: [client],
          // Tests may replace the client by an object that cannot be closed.
          useFactory: (client: Partial<Client<DescService>>): OnApplicationShutdown => ({
            onApplicationShutdown: () => client[Symbol.dispose]?.(),
          }),
        },
      ],
      exports: [client],
    };
  }
}

Module({})(GrpcClientModule);
