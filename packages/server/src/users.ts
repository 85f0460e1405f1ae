// The users that the operator names instead of a topic's own: in a file, which is reloaded when it
// changes, or in the environment.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileProblem } from "@grpc-study/command/file-problem";
import type { Logger } from "pino";
import { covers } from "./access.ts";
import { type User, UserList } from "./user-list.ts";

/** Milliseconds between two checks of the file, as for certificates. */
const reloadMs = 10_000;

/** The users cannot be read. The message names the source, and never contains a token. */
export class UsersError extends Error {
  static {
    UsersError.prototype.name = "UsersError";
  }
}

/**
 * Reads a JSON array of `{"user": "…", "token": "…", "methods": ["/package.Service/Method",
 * "/package.Service/*"]}`. `methods` is optional.
 *
 * @param file the file; if it is `undefined`, the environment variable GRPC_STUDY_USERS has the
 * users. Returns `undefined` if neither is set.
 * @throws UsersError
 */
export function readUsers(file: string | undefined, environment: NodeJS.ProcessEnv = process.env): readonly User[] | undefined {
  if (file !== undefined) return parse(read(file), file);
  const text = environment.GRPC_STUDY_USERS;
  return text === undefined || text === "" ? undefined : parse(text, "GRPC_STUDY_USERS");
}

/**
 * Reads users as `readUsers` does, then checks a file every ten seconds and reloads it when it has
 * changed. An invalid file is logged once and leaves the users unchanged. Returns `undefined` if no
 * users are named.
 *
 * @throws UsersError
 */
export function watchUsers(file: string | undefined, options: WatchOptions): UserList | undefined {
  const { methods, log, everyMs = reloadMs } = options;
  const users = readUsers(file);
  if (users === undefined) return undefined;
  checkMethods(users, methods, file ?? "GRPC_STUDY_USERS");
  const list = new UserList(users);
  if (file === undefined) return list;

  let seen = JSON.stringify(users);
  let logged = "";
  const check = async () => {
    try {
      const text = await readFile(file, "utf8").catch((error: unknown) => {
        throw new UsersError(fileProblem(file, error));
      });
      const renewed = parse(text, file);
      checkMethods(renewed, methods, file);
      logged = "";
      if (seen === JSON.stringify(renewed)) return;
      seen = JSON.stringify(renewed);
      list.replace(renewed);
      log.info({ users: renewed.length }, `${file} changed: its users are in force`);
    } catch (error) {
      if (!(error instanceof UsersError)) throw error;
      if (error.message !== logged) log.warn(`${error.message}; the previous users stay in force`);
      logged = error.message;
    }
  };
  let timer = setTimeout(checkAgain, everyMs).unref();
  // One check at a time, so that an earlier check cannot overwrite a later one.
  async function checkAgain() {
    await check();
    if (!closed) timer = setTimeout(checkAgain, everyMs).unref();
  }
  let closed = false;
  list.onClose(() => {
    closed = true;
    clearTimeout(timer);
  });
  return list;
}

export interface WatchOptions {
  /** The methods that the file may name, as `/package.Service/Method`. */
  readonly methods: readonly string[];
  readonly log: Logger;
  /** Milliseconds between two checks of the file. Default: 10,000. */
  readonly everyMs?: number;
}

/** A misspelt method would give its user other rights than intended. @throws UsersError */
function checkMethods(users: readonly User[], all: readonly string[], source: string): void {
  for (const { user, methods = [] } of users) {
    const wrong = methods.find((pattern) => !all.some((path) => covers(pattern, path)));
    if (wrong !== undefined) throw new UsersError(`${source}: user ${JSON.stringify(user)}: no service has the method ${wrong}`);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsersError(fileProblem(file, error));
  }
}

function parse(text: string, source: string): readonly User[] {
  let users: unknown;
  try {
    users = JSON.parse(text);
  } catch {
    // The message of JSON.parse would quote the text, and so a token.
    throw new UsersError(`${source} must be valid JSON`);
  }
  if (!Array.isArray(users)) throw new UsersError(`${source} must be a JSON array of users`);
  for (const [index, user] of users.entries()) {
    const problem = problemOf(user);
    if (problem !== undefined) throw new UsersError(`${source}: user ${index + 1}: ${problem}`);
  }
  return users;
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "must be an object";
  const { user, token, methods, ...rest } = value as Record<string, unknown>;
  if (typeof user !== "string" || user === "") return '"user" must be a non-empty string';
  if (typeof token !== "string" || token === "") return '"token" must be a non-empty string';
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return `has an unknown property "${unknown}"`;
  if (methods === undefined) return undefined;
  const isPattern = (pattern: unknown) => typeof pattern === "string" && /^\/[\w.]+\/(\w+|\*)$/.test(pattern);
  return Array.isArray(methods) && methods.every(isPattern)
    ? undefined
    : '"methods" must be an array of /package.Service/Method or /package.Service/*';
}
