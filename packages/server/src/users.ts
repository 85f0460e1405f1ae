// The users that the operator names, instead of a topic's own: in a file, or in the environment.
import { readFileSync } from "node:fs";
import type { User } from "./access.ts";

/** Users that cannot be read. Tells where, and never what a token is. */
export class UsersError extends Error {
  static {
    UsersError.prototype.name = "UsersError";
  }
}

/**
 * Reads users: a JSON array of `{"user": "…", "token": "…", "methods": ["/package.Service/Method", "/package.Service/*"]}`, where `methods`
 * may be left out.
 *
 * @param file if it is given; otherwise they are in the environment variable GRPC_STUDY_USERS, if anywhere.
 * @throws UsersError
 */
export function readUsers(file: string | undefined, environment: NodeJS.ProcessEnv = process.env): readonly User[] | undefined {
  if (file !== undefined) return parse(read(file), file);
  const text = environment.GRPC_STUDY_USERS;
  return text === undefined || text === "" ? undefined : parse(text, "GRPC_STUDY_USERS");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsersError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function parse(text: string, source: string): readonly User[] {
  let users: unknown;
  try {
    users = JSON.parse(text);
  } catch {
    // What JSON.parse says would quote the text.
    throw new UsersError(`${source} is no JSON`);
  }
  if (!Array.isArray(users)) throw new UsersError(`${source} is no array of users`);
  for (const [index, user] of users.entries()) {
    const problem = problemOf(user);
    if (problem !== undefined) throw new UsersError(`${source}: user ${index + 1}: ${problem}`);
  }
  return users;
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "is no object";
  const { user, token, methods, ...rest } = value as Record<string, unknown>;
  if (typeof user !== "string" || user === "") return '"user" must be a text that is not empty';
  if (typeof token !== "string" || token === "") return '"token" must be a text that is not empty';
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return `has an unknown property "${unknown}"`;
  if (methods === undefined) return undefined;
  const isPattern = (pattern: unknown) => typeof pattern === "string" && /^\/[\w.]+\/(\w+|\*)$/.test(pattern);
  return Array.isArray(methods) && methods.every(isPattern)
    ? undefined
    : '"methods" must be an array of /package.Service/Method or /package.Service/*';
}
