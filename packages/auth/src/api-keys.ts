// API keys: long random secrets for programs that call without a token.
import { createHash, randomBytes } from "node:crypto";
import { type Metadata, type ServerCall, type ServerInterceptor, secretEquals } from "@grpc-study/rpc";
import { checkFunction, checkOptions, type Names, wrongType } from "@grpc-study/rpc/checks";
import { checkText } from "./checks.ts";
import { unauthenticated } from "./errors.ts";
import { frozen, type Identity } from "./identity.ts";
import { authentication, type CredentialOptions, credentialNames } from "./interceptor.ts";

/** A key, as the server stores it: without the secret. */
export interface ApiKey {
  /** `NewApiKey.hash`. */
  readonly hash: string;
  /** The program or person that has the key. */
  readonly subject: string;
  /** What the key permits. Default: nothing that needs a scope. */
  readonly scopes?: readonly string[] | undefined;
  /** When the key expires. Default: never. */
  readonly expiresAt?: Date | undefined;
}

/** Options of `apiKeys()`. */
export interface ApiKeyOptions extends CredentialOptions {
  /**
   * Returns the key with this id, or undefined if there is none. It runs for each call: if it asks a
   * database, let it keep what it finds for a while.
   */
  readonly find: (id: string, call: ServerCall) => ApiKey | undefined | Promise<ApiKey | undefined>;
  /** The metadata that has the key. Default: `x-api-key`. */
  readonly header?: string | undefined;
}

const names: Names<ApiKeyOptions> = { ...credentialNames, find: true, header: true };

/** A key that has just been created. */
export interface NewApiKey {
  /** For the caller, who sends it. It cannot be recovered: `ID.SECRET`. */
  readonly key: string;
  /** The first part of the key, by which the server finds the rest. */
  readonly id: string;
  /** For the server. The key cannot be computed from it. */
  readonly hash: string;
}

/** Creates a key with 256 random bits. */
export function createApiKey(): NewApiKey {
  const id = randomBytes(9).toString("base64url");
  const secret = randomBytes(32).toString("base64url");
  return { key: `${id}.${secret}`, id, hash: hashOf(secret) };
}

/** A secret of 256 random bits needs no slow hash. */
function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/**
 * Returns a server interceptor that identifies callers by the keys of `createApiKey()`. It compares
 * them in constant time. Handlers find the caller under `identity`, as with tokens.
 *
 * @example
 * createServer({ interceptors: [apiKeys({ find: (id) => keys.get(id) }), scopes([[Greeter, "greet"]])] });
 *
 * @throws TypeError if an option is unknown or invalid.
 */
export function apiKeys(options: ApiKeyOptions): ServerInterceptor {
  checkOptions("apiKeys()", options, names);
  const { find, header = "x-api-key" } = options;
  checkFunction("find", find);
  if (!/^[a-z0-9_.-]+$/.test(checkText("header", header)) || header.endsWith("-bin"))
    throw wrongType("header", "a key of metadata, such as x-api-key", header);
  return authentication(options, {
    name: "API key",
    read: (metadata) => keyOf(metadata, header),
    async verify(key, call) {
      const [, id = "", secret = ""] = /^([\w-]+)\.([\w-]+)$/.exec(key) ?? [];
      const known = id === "" ? undefined : await find(id, call);
      // An unknown id takes as long as a wrong secret.
      const equal = secretEquals(hashOf(secret), known?.hash ?? "");
      if (known === undefined || !equal) throw unauthenticated("KEY_INVALID", "the API key is not valid");
      const { subject, scopes, expiresAt } = checkKey(known);
      if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) throw unauthenticated("KEY_EXPIRED", "the API key has expired");
      return frozen<Identity>({ subject, scopes: [...scopes], claims: {}, expiresAt });
    },
  });
}

/** What `find` returns comes from a file or a database. A mistake in it must not let anyone in. */
function checkKey({ subject, scopes = [], expiresAt }: ApiKey): {
  subject: string;
  scopes: readonly string[];
  expiresAt: Date | undefined;
} {
  checkText("the subject of the API key", subject);
  if (!Array.isArray(scopes)) throw wrongType("the scopes of the API key", "an array of strings", scopes);
  if (expiresAt !== undefined && !(expiresAt instanceof Date && !Number.isNaN(expiresAt.getTime()))) {
    throw wrongType("expiresAt of the API key", "a valid Date, or undefined", expiresAt);
  }
  return { subject, scopes, expiresAt };
}

function keyOf(metadata: Metadata, header: string): string | undefined {
  const values = metadata.getAll(header);
  if (values.length > 1) throw unauthenticated("KEY_INVALID", `the call has several values of ${header}`);
  return values[0];
}
