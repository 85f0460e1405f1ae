// The four call kinds, all in one service of the shop.
import { type UserScoreResponse, UserService } from "@grpc-study/proto/shop";
import { type Channel, type Client, createClient, type PerRpcCredentials } from "@grpc-study/rpc";

const request = { users: [{ userId: 1 }, { userId: 2 }, { userId: 3 }] };

/** The user ids in the responses, equal to those in the request. */
export const answered = [1, 2, 3];

const idsOf = (...responses: readonly UserScoreResponse[]) => responses.flatMap(({ users }) => users.map(({ userId }) => userId));

type Call = (client: Client<typeof UserService>) => Promise<number[]>;

export const kinds = {
  unary: async (client) => idsOf(await client.getUserScore(request)),
  "server streaming": async (client) => idsOf(...(await Array.fromAsync(client.getUserScoreByServerStream(request)))),
  "client streaming": async (client) => idsOf(await client.getUserScoreByClientStream([request])),
  bidirectional: async (client) => idsOf(...(await Array.fromAsync(client.getUserScoreByDoubleEndStream([request])))),
} as const satisfies Record<string, Call>;

export type Kind = keyof typeof kinds;

export const kindNames = Object.keys(kinds) as Kind[];

/** The path of the method of each kind. */
export const paths: Readonly<Record<Kind, string>> = {
  unary: "/services.UserService/GetUserScore",
  "server streaming": "/services.UserService/GetUserScoreByServerStream",
  "client streaming": "/services.UserService/GetUserScoreByClientStream",
  bidirectional: "/services.UserService/GetUserScoreByDoubleEndStream",
};

export interface Credentials {
  readonly user?: string;
  readonly token: string;
}

export function toPerRpcCredentials(credentials: Credentials, requireTransportSecurity = false): PerRpcCredentials {
  return { getRequestMetadata: () => ({ ...credentials }), requireTransportSecurity };
}

/** Makes a call. */
export function call(channel: Channel, kind: Kind, credentials?: Credentials): Promise<number[]> {
  const options = credentials === undefined ? {} : { perRpcCredentials: toPerRpcCredentials(credentials) };
  return kinds[kind](createClient(UserService, channel, options));
}
