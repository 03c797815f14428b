/** `doctor`: every check of the installation, one line each: ok, or what to do. */
import { environment, loadConfig, secretsOf } from "../config.ts";
import { createLog, createRedactor } from "../log.ts";
import type { Command } from "./command.ts";
import { runChecks } from "./doctor/checks.ts";

export const command: Command = {
  name: "doctor",
  summary: "check configuration, credentials, plan, quota, clock and data folder",
  flags: {
    account: { type: "string", value: "NAME", help: "account of the config file" },
    "data-dir": { type: "string", value: "DIR", help: "data folder to check, default ~/.mp/data" },
    json: { type: "boolean", help: "print the checks as JSON" },
  },
  async run(values) {
    const env = environment();
    const account = typeof values["account"] === "string" ? values["account"] : undefined;
    const dataDir = typeof values["data-dir"] === "string" ? values["data-dir"] : undefined;
    const config = await loadConfig({ account, dataDir }, env);
    const redact = createRedactor(secretsOf(config));
    const checks = await runChecks(config, env, createLog("silent", redact));
    const ok = checks.every((check) => check.ok);
    const width = Math.max(...checks.map((check) => check.name.length));
    const text =
      values["json"] === true
        ? JSON.stringify({ ok, checks }, null, 2)
        : checks
            .map(
              ({ name, ok, message, fix }) =>
                `${ok ? "ok  " : "FIX "} ${name.padEnd(width)}  ${message}${fix ? ` ${fix}` : ""}`,
            )
            .join("\n");
    await new Promise<void>((resolve) => process.stdout.write(`${redact(text)}\n`, () => resolve()));
    return ok ? 0 : 1;
  },
};
