// The users that the operator names, instead of a topic's own: in a file, which is read again when it changes, or in the environment.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileProblem } from "@grpc-study/command/file-problem";
import type { Logger } from "pino";
import { covers } from "./access.ts";
import { type User, UserList } from "./user-list.ts";

/** As often as certificates are. */
const reloadMs = 10_000;

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

/**
 * Reads users as `readUsers` does, and a file again whenever it has changed, every ten seconds. A file that cannot be read, or that names a
 * method that no service has, changes nothing; it is logged once. Returns undefined if no users are named.
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
  let complaint = "";
  const look = async () => {
    try {
      const text = await readFile(file, "utf8").catch((error: unknown) => {
        throw new UsersError(fileProblem(file, error));
      });
      const renewed = parse(text, file);
      checkMethods(renewed, methods, file);
      complaint = "";
      if (seen === JSON.stringify(renewed)) return;
      seen = JSON.stringify(renewed);
      list.replace(renewed);
      log.info({ users: renewed.length }, `${file} has changed: its users are those that may call now`);
    } catch (error) {
      if (!(error instanceof UsersError)) throw error;
      if (error.message !== complaint) log.warn(`${error.message}; the users before the change stay`);
      complaint = error.message;
    }
  };
  let timer = setTimeout(lookAgain, everyMs).unref();
  // One look at a time: an earlier one must not win over a later one.
  async function lookAgain() {
    await look();
    if (!closed) timer = setTimeout(lookAgain, everyMs).unref();
  }
  let closed = false;
  list.onClose(() => {
    closed = true;
    clearTimeout(timer);
  });
  return list;
}

export interface WatchOptions {
  /** All methods that a user may be given, as `/package.Service/Method`. */
  readonly methods: readonly string[];
  readonly log: Logger;
  /** Milliseconds from one look at the file to the next. Default 10,000. */
  readonly everyMs?: number;
}

/** A method that no service has is a misspelt one, and gives its user less, or in a pattern more, than was meant. @throws UsersError */
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
