/** The only reader of the environment and of the config file: one validated, frozen Config. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { type Account, type AccountField, validAccount } from "./account.ts";
import { Fault } from "./fault.ts";
import { SQL_TIMEOUT_MS } from "./limits.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import { TOOLSETS, type Toolset } from "./names.ts";
import { nearest } from "./nearest.ts";
import { Secret } from "./secret.ts";

export type Config = Readonly<{
  /** The account to use, or why there is none: the server starts without. */
  account: Account | Fault;
  /** An origin that replaces all Mixpanel hosts: loopback only, for tests and the sample project. */
  apiUrl?: string;
  dataDir: string;
  /** A folder beside the store's own that `export_table` may write to; set by the user with MP_EXPORT_DIR. */
  exportDir?: string;
  configPath: string;
  httpToken?: Secret;
  sqlTimeoutMs: number;
  demo: boolean;
  ephemeral: boolean;
  toolsets: readonly Toolset[];
  logLevel: LogLevel;
  /** For the log and for `doctor`: things that work but should be mended. */
  warnings: readonly string[];
}>;

/** The flags that the commands share; each overrides what the environment and the file say. */
export type Flags = {
  account?: string;
  demo?: boolean;
  ephemeral?: boolean;
  dataDir?: string;
  toolsets?: string;
  logLevel?: string;
};

export type Environment = Record<string, string | undefined>;

/** This process's environment, copied once; nothing else reads it. */
export function environment(): Environment {
  return { ...process.env };
}

/** Wrong flags throw (the command line answers them); wrong credentials do not: they are kept in `account`. */
export async function loadConfig(flags: Flags, env: Environment): Promise<Config> {
  const warnings: string[] = [];
  const configPath = expandHome(env["MP_CONFIG_PATH"] || "~/.mp/config.toml");
  let apiUrl: string | undefined;
  let account: Account | Fault;
  try {
    apiUrl = loopbackOrigin(env["MP_API_URL"]);
    account = await chooseAccount(flags, env, configPath, warnings);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    account = fault;
  }
  return Object.freeze({
    account,
    apiUrl,
    dataDir: expandHome(flags.dataDir || env["MP_DATA_DIR"] || "~/.mp/data"),
    exportDir: env["MP_EXPORT_DIR"] ? expandHome(env["MP_EXPORT_DIR"]) : undefined,
    configPath,
    httpToken: env["MP_HTTP_TOKEN"] ? new Secret(env["MP_HTTP_TOKEN"]) : undefined,
    sqlTimeoutMs: sqlTimeout(env["MP_SQL_TIMEOUT_MS"], warnings),
    demo: flags.demo ?? false,
    ephemeral: flags.ephemeral ?? false,
    toolsets: parseToolsets(flags.toolsets),
    logLevel: parseLogLevel(flags.logLevel),
    warnings,
  });
}

function expandHome(path: string): string {
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(path);
}

/** Order: `--account`, a complete environment set, `MP_ACCOUNT`, the file's `default`, the only account there is. */
async function chooseAccount(flags: Flags, env: Environment, configPath: string, warnings: string[]): Promise<Account> {
  const named = flags.account ?? undefined;
  if (named === undefined) {
    const fromEnvironment = accountFromEnvironment(env, warnings);
    if (fromEnvironment) return fromEnvironment;
  }
  const wanted = named ?? (env["MP_ACCOUNT"] || undefined);
  if (!existsSync(configPath)) {
    if (wanted === undefined) throw missing(configPath);
    throw new Fault(
      "CONFIG_INVALID",
      `Account "${wanted}" was asked for, but there is no config file at ${configPath}.`,
      {
        suggestions: ["Create it with `mixpanel-data-mcp setup`, or point MP_CONFIG_PATH to it."],
      },
    );
  }
  if (process.platform !== "win32" && (statSync(configPath).mode & 0o077) !== 0) {
    warnings.push(`${configPath} can be read by other users of this machine; run: chmod 600 ${configPath}`);
  }
  // Loaded when there is a file to read: parsing TOML and checking it takes a third of the start-up.
  const { accountFromFile } = await import("./config-file.ts");
  return accountFromFile(readConfigFile(configPath), configPath, wanted);
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `The config file ${path} cannot be read.`, {
      suggestions: ["Check that it is a file and that you may read it."],
      cause,
    });
  }
}

function missing(configPath: string): Fault {
  return new Fault("CONFIG_MISSING", "No Mixpanel credentials are set.", {
    suggestions: [
      "Set MP_USERNAME, MP_SECRET and MP_PROJECT_ID (and MP_REGION when the project is not in the US) in the environment of this server.",
      `Or write an account into the config file ${configPath}.`,
      "Or run `mixpanel-data-mcp setup` in a terminal; `mixpanel-data-mcp serve --demo` needs no account.",
    ],
  });
}

const REQUIRED = ["MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID"] as const;

/** An incomplete set is a mistake worth stopping at, unless MP_ACCOUNT says plainly what to use instead. */
function accountFromEnvironment(env: Environment, warnings: string[]): Account | undefined {
  const present = REQUIRED.filter((name) => env[name]);
  if (present.length === 0) return undefined;
  const absent = REQUIRED.filter((name) => !env[name]);
  if (absent.length > 0) {
    const message = `${list(present)} ${present.length > 1 ? "are" : "is"} set, but ${list(absent)} ${absent.length > 1 ? "are" : "is"} not.`;
    if (env["MP_ACCOUNT"]) {
      warnings.push(`${message} The account "${env["MP_ACCOUNT"]}" of the config file is used instead.`);
      return undefined;
    }
    throw new Fault("CONFIG_INVALID", message, {
      suggestions: [`Set ${list(absent)} too, or unset ${list(present)} to use the config file.`],
    });
  }
  return validAccount({
    name: "environment",
    username: env["MP_USERNAME"] ?? "",
    secret: env["MP_SECRET"] ?? "",
    projectId: env["MP_PROJECT_ID"] ?? "",
    region: env["MP_REGION"] || "us",
    workspaceId: env["MP_WORKSPACE_ID"] || undefined,
    source: (field) => ENVIRONMENT_NAMES[field],
  });
}

const ENVIRONMENT_NAMES: Record<AccountField, string> = {
  username: "MP_USERNAME",
  secret: "MP_SECRET",
  projectId: "MP_PROJECT_ID",
  region: "MP_REGION",
  workspaceId: "MP_WORKSPACE_ID",
};

/** MP_API_URL may only name a loopback address: it decides where the credentials go. */
function loopbackOrigin(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback =
    url && (/^127(\.\d{1,3}){3}$/.test(url.hostname) || url.hostname === "localhost" || url.hostname === "[::1]");
  if (
    !url ||
    !loopback ||
    !/^https?:$/.test(url.protocol) ||
    url.username ||
    url.password ||
    url.href !== `${url.origin}/`
  ) {
    throw new Fault(
      "CONFIG_INVALID",
      "MP_API_URL must be an http or https origin on a loopback address, without a path, like http://127.0.0.1:8123.",
      {
        suggestions: ["Unset it to talk to Mixpanel; the region comes from MP_REGION."],
      },
    );
  }
  return url.origin;
}

function sqlTimeout(text: string | undefined, warnings: string[]): number {
  if (!text) return SQL_TIMEOUT_MS;
  const ms = Number(text);
  if (Number.isFinite(ms) && ms >= 1) return Math.min(ms, SQL_TIMEOUT_MS);
  warnings.push(`MP_SQL_TIMEOUT_MS is not a number of milliseconds; ${SQL_TIMEOUT_MS} is used.`);
  return SQL_TIMEOUT_MS;
}

function parseToolsets(text: string | undefined): readonly Toolset[] {
  if (text === undefined) return TOOLSETS;
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  for (const name of names) {
    if (!(TOOLSETS as readonly string[]).includes(name)) throw unknown("toolset", name, TOOLSETS);
  }
  if (names.length === 0) throw unknown("toolset", text, TOOLSETS);
  return TOOLSETS.filter((toolset) => names.includes(toolset));
}

function parseLogLevel(text: string | undefined): LogLevel {
  if (text === undefined) return "warn";
  const level = LOG_LEVELS.find((name) => name === text);
  if (!level) throw unknown("log level", text, LOG_LEVELS);
  return level;
}

function unknown(what: string, given: string, known: readonly string[]): Fault {
  const near = nearest(given, known, 1)[0];
  return new Fault("INVALID_ARGUMENT", `Unknown ${what} "${given}".`, {
    suggestions: [near ? `Did you mean "${near}"?` : `Known: ${known.join(", ")}.`],
  });
}

function list(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Everything that must never be printed, for the redactor. */
export function secretsOf(config: Config): string[] {
  const token = config.httpToken ? [config.httpToken.reveal()] : [];
  if (config.account instanceof Fault) return token;
  const { username, secret } = config.account;
  return [...token, secret.reveal(), `${username}:${secret.reveal()}`];
}
