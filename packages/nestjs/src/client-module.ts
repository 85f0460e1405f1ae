// Typed clients as providers.
import type { DescService } from "@bufbuild/protobuf";
import { type Channel, type Client, type ConnectOptions, createClient } from "@grpc-study/rpc";
import { type DynamicModule, type FactoryProvider, Inject, Module, type ModuleMetadata, type OnApplicationShutdown } from "@nestjs/common";

/** The target of a client, with the options of `createClient()`. */
export interface ClientSettings extends ConnectOptions {
  /** An address for `createChannel()`, or a Channel, which clients can share. */
  readonly target: string | Channel;
}

export interface AsyncClientOptions extends Pick<ModuleMetadata, "imports"> {
  /** The providers that `useFactory` takes, for example a ConfigService. Default: none. */
  readonly inject?: FactoryProvider["inject"];
  readonly useFactory: (...providers: never[]) => ClientSettings | Promise<ClientSettings>;
}

/** The injection token of the client of a service, for example for `overrideProvider()` in a test. */
export function clientToken(service: DescService): string {
  if (service?.kind !== "service") throw new TypeError("clientToken() takes the descriptor of a service");
  return `grpc client ${service.typeName}`;
}

/**
 * Injects the client of a service: `@InjectClient(Greeter) private readonly greeter: Client<typeof Greeter>`.
 *
 * @throws TypeError if the argument is not a service.
 */
export function InjectClient(service: DescService): PropertyDecorator & ParameterDecorator {
  return Inject(clientToken(service));
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
  static register(service: DescService, target: string | Channel, options?: ConnectOptions): DynamicModule {
    return GrpcClientModule.registerAsync(service, { useFactory: () => ({ ...options, target }) });
  }

  /** Provides a client whose target and options come from other providers. */
  static registerAsync(service: DescService, { imports = [], inject = [], useFactory }: AsyncClientOptions): DynamicModule {
    const client = clientToken(service);
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
