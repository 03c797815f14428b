/** Keeps the account: in the config file (0600, its folder 0700), the secret in the keychain when asked and possible. And the way back. */
import { chmodSync, existsSync } from "node:fs";
import { dirname } from "node:path";
import { parse } from "smol-toml";
import type { Account } from "../../account.ts";
import type { Config } from "../../config.ts";
import { KEYCHAIN, KEYCHAIN_SERVICE } from "../../config-file.ts";
import { withAccount, withoutAccount } from "./account-file.ts";
import { changedLines, secretsIn } from "./changed-lines.ts";
import { removeFromClaudeCode } from "./claude-code.ts";
import { CLIENT_TITLES, type ClientName, filesOf, type Machine } from "./clients.ts";
import { configText } from "./config-text.ts";
import { SERVER_NAME, unregistered } from "./register.ts";
import type { Say } from "./say.ts";
import { write } from "./write-file.ts";

export type Save = { account: Account; secret: string; keychain: boolean; config: Config; print: boolean; say: Say };

export async function saveAccount({ account, secret, keychain, config, print, say }: Save): Promise<void> {
  const path = config.configPath;
  const before = configText(config);
  const inKeychain = keychain && !print && (await keepInKeychain(account.name, secret, say));
  const fields = {
    username: account.username,
    secret: inKeychain || (keychain && print) ? KEYCHAIN : secret,
    project_id: account.projectId,
    region: account.region,
  };
  const after = withAccount(before, account.name, fields, path);
  const change = { path, before: existsSync(path) ? before : undefined, after };
  if (print) {
    if (after === before) say(`would change nothing in ${path}`);
    else {
      say(`would write to ${path}, the secret in place of the dots:`);
      for (const line of changedLines(
        change,
        [...secretsIn(parse(after.replace(/^\uFEFF/, ""))), secret].filter((text) => text !== KEYCHAIN),
      ))
        say(`  ${line}`);
    }
    return;
  }
  const backup = write(change, 0o600);
  if (process.platform !== "win32") {
    chmodSync(path, 0o600);
    if (dirname(path).endsWith("/.mp")) chmodSync(dirname(path), 0o700);
  }
  const where = inKeychain ? ", its secret in the system keychain" : "";
  say(`ok: account "${account.name}" is in ${path}${where}${backup ? `, backup ${backup}` : ""}`);
}

async function keepInKeychain(name: string, secret: string, say: Say): Promise<boolean> {
  try {
    await Bun.secrets.set({ service: KEYCHAIN_SERVICE, name, value: secret });
    return true;
  } catch {
    say("note: this machine offers no keychain, so the secret goes into the config file, which only you can read.");
    return false;
  }
}

export type Remove = {
  clients: ClientName[];
  account: string | undefined;
  config: Config;
  machine: Machine;
  print: boolean;
  say: Say;
};

export async function removeAll({ clients, account, config, machine, print, say }: Remove): Promise<void> {
  for (const client of clients) {
    if (client === "claude-code") removeFromClaudeCode(machine, print, say);
    else {
      for (const file of filesOf(client, machine)) {
        const change = unregistered(file);
        if (change.after === change.before) say(`${CLIENT_TITLES[client]}: nothing to remove in ${file.path}`);
        else if (print) say(`would remove "${SERVER_NAME}" from ${file.path}`);
        else say(`ok: removed from ${file.path}, backup ${write(change) ?? "none"}`);
      }
    }
  }
  if (account === undefined) return;
  const before = configText(config);
  const after = withoutAccount(before, account, config.configPath);
  if (after === before) say(`There is no account "${account}" in ${config.configPath}.`);
  else if (print) say(`would remove account "${account}" from ${config.configPath}`);
  else {
    const backup = write({ path: config.configPath, before, after }, 0o600);
    say(
      `ok: account "${account}" removed from ${config.configPath}; the backup ${backup ?? "(none)"} still holds its secret`,
    );
    // There is nothing in a keychain that is not there.
    await Bun.secrets.delete({ service: KEYCHAIN_SERVICE, name: account }).catch(() => false);
  }
}
