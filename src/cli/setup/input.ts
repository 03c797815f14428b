/** What the user gave: flags first, then the environment, then questions on a terminal. */
import type { Environment } from "../../config.ts";
import { REGIONS } from "../../names.ts";
import { usage, type Values } from "../command.ts";
import type { Ask } from "./ask.ts";

export type Input = { name: string; username: string; secret: string; projectId: string; region: string };

const text = (value: Values[string]) => (typeof value === "string" ? value.trim() : undefined);
const needed = (answer: string) => (answer === "" ? "This is needed; Ctrl-C stops." : undefined);
const digits = (answer: string) => (/^\d{1,20}$/.test(answer) ? undefined : "A number, as in /project/123456/.");
const region = (answer: string) =>
  REGIONS.some((known) => known === answer.toLowerCase()) ? undefined : `One of ${REGIONS.join(", ")}.`;
const name = (answer: string) =>
  /^[^\u0000-\u001f"'\\[\]]{1,100}$/.test(answer) ? undefined : "Use letters, digits, - and _.";

/** `known`: the accounts of the config file, which a person is asked about before one is replaced. */
export async function inputOf(
  values: Values,
  env: Environment,
  ask: Ask | undefined,
  known: readonly string[],
): Promise<Input> {
  const username =
    text(values["username"]) ??
    (env["MP_USERNAME"] || (await ask?.text("Service account username", { wrong: needed })));
  const secret =
    values["secret-stdin"] === true ? await readStdin() : env["MP_SECRET"] || (await ask?.secret("Its secret"));
  const projectId =
    text(values["project-id"]) ??
    (env["MP_PROJECT_ID"] || (await ask?.text("Project id (the number in your project's address)", { wrong: digits })));
  const where =
    text(values["region"]) ??
    (env["MP_REGION"] ||
      (await ask?.text(`Region (${REGIONS.join(", ")})`, { standard: "us", wrong: region })) ||
      "us");
  const account = text(values["account"]) ?? (await askName(ask, known)) ?? "production";
  const missing = [
    username ? "" : "--username",
    secret ? "" : "the secret (--secret-stdin or MP_SECRET)",
    projectId ? "" : "--project-id",
  ].filter((part) => part !== "");
  if (!username || !secret || !projectId)
    throw usage(`setup needs ${missing.join(", ")}.`, ["Run it in a terminal to be asked."]);
  if (name(account)) throw usage(`--account ${JSON.stringify(account)} cannot be a name.`, [name(account) ?? ""]);
  return { name: account, username, secret, projectId, region: where };
}

async function askName(ask: Ask | undefined, known: readonly string[]): Promise<string | undefined> {
  if (!ask) return undefined;
  for (;;) {
    const given = await ask.text("Name for this account", { standard: "production", wrong: name });
    if (!known.includes(given) || (await ask.yes(`There is an account "${given}". Replace it?`, true))) return given;
  }
}

async function readStdin(): Promise<string> {
  const content = await Bun.stdin.text();
  return content.replace(/\r?\n$/, "").trim();
}
