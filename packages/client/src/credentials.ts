// The tutorial's token: a user and a token in the metadata of every call.
import type { PerRpcCredentials } from "@grpc-study/rpc";
import { CommanderError } from "commander";

export interface TokenOptions {
  readonly user?: string;
  readonly token?: string;
  readonly requireTransportSecurity?: true;
}

/**
 * The credentials that the options or, so that they are in no process list, the environment names: GRPC_STUDY_USER and GRPC_STUDY_TOKEN.
 * Undefined if there is no token.
 */
export function tokenCredentials(options: TokenOptions, environment: NodeJS.ProcessEnv = process.env): PerRpcCredentials | undefined {
  const user = options.user ?? (environment.GRPC_STUDY_USER || undefined);
  const token = options.token ?? (environment.GRPC_STUDY_TOKEN || undefined);
  if (token === undefined) return undefined;
  // Said here in terms of the options.
  if (![user ?? "", token].every((text) => /^[ -~]*$/.test(text))) {
    throw new CommanderError(2, "client.token", "user and token must be printable ASCII");
  }
  return {
    getRequestMetadata: () => ({ token, ...(user !== undefined && { user }) }),
    requireTransportSecurity: options.requireTransportSecurity ?? false,
  };
}
