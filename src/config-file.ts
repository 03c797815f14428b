/** The config file: TOML with one table per account, the format existing mixpanel_data users have. */
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { type Account, validAccount } from "./account.ts";
import { Fault } from "./fault.ts";
import { nearest } from "./nearest.ts";

const text = z.union([z.string(), z.number(), z.bigint()]).transform(String);
const accountSchema = z.object({
  username: text,
  secret: text,
  project_id: text,
  region: z.string().default("us"),
  workspace_id: text.optional(),
});
const fileSchema = z.object({
  default: z.string().optional(),
  accounts: z.record(z.string(), z.unknown()).default({}),
});

/** What a secret in the file may be instead of the secret itself: kept in the system's keychain. */
export const KEYCHAIN = "keychain";
export const KEYCHAIN_SERVICE = "mixpanel-data-mcp";

/** The account called `wanted`, else the default one, else the only one. */
export async function accountFromFile(content: string, path: string, wanted: string | undefined): Promise<Account> {
  const file = fileSchema.safeParse(parseToml(content, path));
  if (!file.success) throw invalid(path, `"${file.error.issues[0]?.path.join(".")}" has the wrong type.`);
  const names = Object.keys(file.data.accounts);
  const name = wanted ?? file.data.default ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) throw noDefault(names, path);
  if (!Object.hasOwn(file.data.accounts, name)) throw unknownAccount(name, names, path);
  const parsed = accountSchema.safeParse(file.data.accounts[name]);
  if (!parsed.success) {
    const key = parsed.error.issues[0]?.path.join(".") || "the account";
    throw invalid(
      path,
      `account "${name}": ${key} is missing or has the wrong type.`,
      "An account needs username, secret and project_id.",
    );
  }
  const { username, secret, project_id, region, workspace_id } = parsed.data;
  return validAccount({
    name,
    username,
    secret: secret === KEYCHAIN ? await fromKeychain(name, path) : secret,
    projectId: project_id,
    region,
    workspaceId: workspace_id,
    source: (field) =>
      `accounts.${name}.${field === "projectId" ? "project_id" : field === "workspaceId" ? "workspace_id" : field}`,
  });
}

function noDefault(names: string[], path: string): Fault {
  if (names.length > 0) {
    const what = `it has ${names.length} accounts (${names.join(", ")}) and no default.`;
    return invalid(path, what, 'Add `default = "NAME"` at its top, or choose one with --account or MP_ACCOUNT.');
  }
  return new Fault("CONFIG_MISSING", `The config file ${path} has no accounts.`, {
    suggestions: [
      "Run `mixpanel-data-mcp setup` to add one.",
      "Or add an [accounts.NAME] table with username, secret and project_id.",
      "Or set MP_USERNAME, MP_SECRET and MP_PROJECT_ID in the environment of this server.",
    ],
  });
}

function parseToml(content: string, path: string): unknown {
  try {
    // Windows editors put a byte order mark first.
    return parse(content.replace(/^\uFEFF/, ""));
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Neither the message's second line nor the code block may be shown: they quote the file, secrets and all.
    const what = cause.message.split("\n")[0]?.replace(/^Invalid TOML document:\s*/, "") ?? "a mistake";
    throw invalid(path, `line ${cause.line}, column ${cause.column}: ${what}.`, "Mend that line; texts need quotes.");
  }
}

async function fromKeychain(name: string, path: string): Promise<string> {
  const secret = await Bun.secrets.get({ service: KEYCHAIN_SERVICE, name }).catch(() => null);
  if (secret) return secret;
  throw invalid(
    path,
    `account "${name}" keeps its secret in the system keychain, and none was found there.`,
    "Run `mixpanel-data-mcp setup` again for this account.",
  );
}

function unknownAccount(name: string, known: string[], path: string): Fault {
  const near = nearest(name, known, 3);
  const ordered = [...near, ...known.filter((other) => !near.includes(other))];
  return new Fault("CONFIG_INVALID", `There is no account "${name}" in ${path}.`, {
    suggestions: [
      ordered.length > 0
        ? `Accounts there: ${ordered.join(", ")}.`
        : "The file has no accounts; run `mixpanel-data-mcp setup`.",
    ],
  });
}

function invalid(path: string, what: string, suggestion = "Compare it with the README's example."): Fault {
  return new Fault("CONFIG_INVALID", `The config file ${path} is not usable: ${what}`, { suggestions: [suggestion] });
}
