/** The config file's text, or nothing where there is no file. */
import { existsSync, readFileSync } from "node:fs";
import type { Config } from "../../config.ts";
import { Fault } from "../../fault.ts";

export function configText({ configPath }: Config): string {
  try {
    return existsSync(configPath) ? readFileSync(configPath, "utf8") : "";
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", `The config file ${configPath} cannot be read.`, {
      suggestions: ["Check that it is a file and that you may read it."],
      cause,
    });
  }
}
