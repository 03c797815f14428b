/** What the user gave: flags first, then the environment, then questions on a terminal. */
import type { Environment } from "../../config.ts";
import { usage, type Values } from "../command.ts";
import type { Ask } from "./ask.ts";

export type Input = { name: string; username: string; secret: string; projectId: string; region: string };

const text = (value: Values[string]) => (typeof value === "string" ? value.trim() : undefined);

export async function inputOf(values: Values, env: Environment, ask: Ask | undefined): Promise<Input> {
  // stdin holds the secret: nothing else can be asked there.
  const questions = values["secret-stdin"] === true ? undefined : ask;
  const username =
    text(values["username"]) ?? env["MP_USERNAME"] ?? (await questions?.text("Service account username"));
  const secret =
    values["secret-stdin"] === true ? await readStdin() : (env["MP_SECRET"] ?? (await questions?.secret("Its secret")));
  const projectId =
    text(values["project-id"]) ??
    env["MP_PROJECT_ID"] ??
    (await questions?.text("Project id (the number in your project's address)"));
  const region =
    text(values["region"]) ?? env["MP_REGION"] ?? (await questions?.text("Region (us, eu, in)", "us")) ?? "us";
  const name =
    text(values["account"]) ?? (await questions?.text("Name for this account", "production")) ?? "production";
  const missing = [
    username ? "" : "--username",
    secret ? "" : "the secret (--secret-stdin or MP_SECRET)",
    projectId ? "" : "--project-id",
  ].filter((part) => part !== "");
  if (!username || !secret || !projectId)
    throw usage(`setup needs ${missing.join(", ")}.`, ["Run it in a terminal to be asked."]);
  if (!/^[^\s\u0000-\u001f"\\[\]]{1,100}$/.test(name))
    throw usage(`--account ${JSON.stringify(name)} cannot be a name.`, ["Use letters, digits, - and _."]);
  return { name, username, secret, projectId, region };
}

async function readStdin(): Promise<string> {
  const content = await Bun.stdin.text();
  return content.replace(/\r?\n$/, "").trim();
}
