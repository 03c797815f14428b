/** The config file's text, or nothing where there is no file. */
import type { Config } from "../../config.ts";
import { accountNames } from "./account-file.ts";
import { readText } from "./write-file.ts";

export function configText({ configPath }: Config): string {
  return readText(configPath) ?? "";
}

/** The accounts of the config file by name. */
export function knownAccounts(config: Config): string[] {
  return accountNames(configText(config));
}
