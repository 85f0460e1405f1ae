// An issuer of tokens: a real HTTP server on loopback, with keys that exist only in the test.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { onTestFinished } from "vitest";

export interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly publicJwk: JWK;
  readonly sign: (claims: JWTPayload, header?: Record<string, unknown>) => Promise<string>;
}

export async function createKey(kid: string, alg = "ES256"): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  const sign = (claims: JWTPayload, header = {}) => new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
  return { kid, alg, publicJwk, sign };
}

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

export class Issuer {
  /** The paths of the requests that have arrived. */
  readonly requests: string[] = [];
  /** What the issuer responds; by default its configuration and its keys. */
  respond: (path: string, response: ServerResponse) => void = (path, response) => this.standard(path, response);
  keys: readonly Key[] = [];
  url = "";
  readonly #server = createServer((request: IncomingMessage, response) => {
    this.requests.push(request.url ?? "");
    this.respond(request.url ?? "", response);
  });

  get jwks(): string {
    return `${this.url}/jwks.json`;
  }

  standard(path: string, response: ServerResponse): void {
    const documents: Record<string, object> = {
      "/.well-known/openid-configuration": { issuer: this.url, jwks_uri: this.jwks },
      "/jwks.json": { keys: this.keys.map(({ publicJwk }) => publicJwk) },
    };
    const document = documents[path];
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  }

  /** Signs a token for the audience `shop`, which is valid for a minute. */
  token(claims: JWTPayload = {}, key: Key | undefined = this.keys[0], header?: Record<string, unknown>): Promise<string> {
    if (key === undefined) throw new Error("the issuer has no keys");
    return key.sign({ iss: this.url, aud: "shop", sub: "mei", iat: inSeconds(0), exp: inSeconds(60), ...claims }, header);
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Refuses connections until `start(port)`. Returns the port. */
  async stop(): Promise<number> {
    const { port } = this.#server.address() as AddressInfo;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    return port;
  }

  get running(): boolean {
    return this.#server.listening;
  }
}

/** Starts an issuer with one key, until the end of the test. */
export async function startIssuer(...algorithms: readonly string[]): Promise<Issuer> {
  const issuer = new Issuer();
  issuer.keys = await Promise.all((algorithms.length === 0 ? ["ES256"] : algorithms).map((alg, i) => createKey(`key ${i}`, alg)));
  onTestFinished(async () => {
    if (issuer.running) await issuer.stop();
  });
  return issuer.start();
}
