// The tutorial's token: user and token in the metadata of each call.
import type { PerRpcCredentials } from "@grpc-study/rpc";
import { CommanderError } from "commander";

export interface TokenOptions {
  readonly user?: string;
  readonly token?: string;
  readonly requireTransportSecurity?: true;
}

/**
 * Returns the credentials of the options, or of the environment variables GRPC_STUDY_USER and
 * GRPC_STUDY_TOKEN, which keep the token out of the process list. Returns `undefined` if there is
 * no token.
 */
export function tokenCredentials(options: TokenOptions, environment: NodeJS.ProcessEnv = process.env): PerRpcCredentials | undefined {
  const user = options.user ?? (environment.GRPC_STUDY_USER || undefined);
  const token = options.token ?? (environment.GRPC_STUDY_TOKEN || undefined);
  if (token === undefined) return undefined;
  // Checked here, so that the message names the options.
  if (![user ?? "", token].every((text) => /^[ -~]*$/.test(text))) {
    throw new CommanderError(2, "client.token", "user and token must be printable ASCII");
  }
  return {
    getRequestMetadata: () => ({ token, ...(user !== undefined && { user }) }),
    requireTransportSecurity: options.requireTransportSecurity ?? false,
  };
}
