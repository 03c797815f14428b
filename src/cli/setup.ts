/** `setup`: asks for a service account, checks it, keeps it in the config file and registers the server with the MCP clients found. */
import { homedir } from "node:os";
import { validAccount } from "../account.ts";
import { type Config, environment, loadConfig } from "../config.ts";
import { Fault } from "../fault.ts";
import { createLog, createRedactor } from "../log.ts";
import { nearest } from "../nearest.ts";
import { visible } from "../visible.ts";
import type { Command, Values } from "./command.ts";
import { usage } from "./command.ts";
import { type Ask, createAsk, isInteractive } from "./setup/ask.ts";
import { CLIENT_TITLES, CLIENTS, type ClientName, installed, type Machine } from "./setup/clients.ts";
import { knownAccounts } from "./setup/config-text.ts";
import { inputOf } from "./setup/input.ts";
import { registerAll } from "./setup/register-all.ts";
import { removeAll, saveAccount } from "./setup/save.ts";
import type { Say } from "./setup/say.ts";
import { type Verified, verify } from "./setup/verify.ts";

export const command: Command = {
  name: "setup",
  summary: "check a service account, save it, and register this server with your MCP clients",
  flags: {
    username: { type: "string", value: "NAME", help: "service account username" },
    "secret-stdin": { type: "boolean", help: "read its secret from stdin (or set MP_SECRET); never an argument" },
    "project-id": { type: "string", value: "NUMBER", help: "the project's number" },
    region: { type: "string", value: "us|eu|in", help: "default us; corrected when the project is elsewhere" },
    account: { type: "string", value: "NAME", help: "name in the config file, default production" },
    client: {
      type: "string",
      multiple: true,
      value: `${CLIENTS.join("|")}|all|none`,
      help: "register with these; repeatable; default: ask",
    },
    keychain: { type: "boolean", help: "keep the secret in the system keychain instead of the file" },
    yes: { type: "boolean", help: "take the default answer to every question" },
    print: { type: "boolean", help: "show what would be written, write nothing" },
    remove: { type: "boolean", help: "undo: take the server out of the clients, and the --account out of the file" },
  },
  run: setup,
};

async function setup(values: Values): Promise<number> {
  const env = environment();
  const config = await loadConfig(
    {},
    { MP_CONFIG_PATH: env["MP_CONFIG_PATH"], MP_DATA_DIR: env["MP_DATA_DIR"], MP_API_URL: env["MP_API_URL"] },
  );
  // Without it the credentials would go to another place than the user said.
  if (env["MP_API_URL"] && config.apiUrl === undefined && config.account instanceof Fault) throw config.account;
  const machine: Machine = { platform: process.platform, home: homedir(), env };
  const lines: string[] = [];
  const say: Say = (line) => lines.push(line);
  const clients = wantedClients(values["client"], machine);
  try {
    if (values["remove"] === true) {
      await removeAll({
        clients: clients ?? installed(machine),
        account: text(values["account"]),
        config,
        machine,
        print: values["print"] === true,
        say,
      });
    } else {
      // With --secret-stdin, stdin holds the secret: nothing can be asked there.
      const asking = isInteractive() && values["yes"] !== true && values["secret-stdin"] !== true;
      const ask = asking ? createAsk() : undefined;
      try {
        await addAccount(values, clients, { config, machine, say, ask });
      } finally {
        ask?.close();
      }
    }
    return 0;
  } finally {
    await new Promise<void>((resolve) =>
      process.stdout.write(lines.map((line) => `${line}\n`).join(""), () => resolve()),
    );
  }
}

type Surroundings = { config: Config; machine: Machine; say: Say; ask: Ask | undefined };

/** Asks and checks everything first; from the first file written on, nothing is asked. */
async function addAccount(
  values: Values,
  clients: ClientName[] | undefined,
  { config, machine, say, ask }: Surroundings,
): Promise<void> {
  const print = values["print"] === true;
  const input = await inputOf(values, machine.env, ask, knownAccounts(config));
  const given = validAccount({ ...input, workspaceId: undefined, source: (field) => SOURCES[field] });
  const redact = createRedactor([input.secret, `${input.username}:${input.secret}`]);
  const found = installed(machine);
  const chosen = clients ?? (ask ? await chooseClients(found, ask) : values["yes"] === true ? found : []);
  if (ask) process.stderr.write("Checking with Mixpanel ...\n");
  const checking = verify(given, {
    dataDir: print ? undefined : config.dataDir,
    apiUrl: config.apiUrl,
    log: createLog("error", redact),
  });
  const verified = await (ask ? ask.meanwhile(checking) : checking);
  ask?.close();
  say(verifiedLine(verified));
  for (const note of verified.notes) say(`note: ${note}`);
  const keychain = values["keychain"] === true;
  await saveAccount({ account: verified.account, secret: input.secret, keychain, config, print, say });
  if (chosen.length === 0) {
    const why = found.length === 0 ? "No MCP client was found" : "No MCP client was changed";
    say(`${why}; README says how to connect one by hand, and setup --client NAME writes its file.`);
  }
  registerAll({ clients: chosen, accountName: verified.account.name, config, machine, print, say });
  if (!print) say("Done. Restart the client, then ask it: What is tracked in my Mixpanel project?");
}

function verifiedLine({ account, projectName, timezone }: Verified): string {
  const name = projectName ? ` "${visible(projectName)}"` : "";
  return `ok: project ${account.projectId}${name}, region ${account.region}${timezone ? `, time zone ${visible(timezone)}` : ""}`;
}

const SOURCES = {
  username: "--username",
  secret: "the secret",
  projectId: "--project-id",
  region: "--region",
  workspaceId: "workspace_id",
};

const text = (value: Values[string]) => (typeof value === "string" ? value : undefined);

/** undefined: nothing was said, so ask. */
function wantedClients(value: Values[string], machine: Machine): ClientName[] | undefined {
  if (value === undefined) return undefined;
  const given = (Array.isArray(value) ? value : [value]).map(String);
  const known = [...CLIENTS, "all", "none"];
  for (const name of given) {
    if (known.includes(name)) continue;
    const near = nearest(name, known, 1)[0];
    throw usage(`Unknown client "${name}".`, [near ? `Did you mean "${near}"?` : `Known: ${known.join(", ")}.`]);
  }
  if (given.includes("none")) return [];
  if (given.includes("all")) return installed(machine);
  return CLIENTS.filter((client) => given.includes(client));
}

async function chooseClients(found: ClientName[], ask: Ask): Promise<ClientName[]> {
  const chosen: ClientName[] = [];
  for (const client of found) if (await ask.yes(`Register with ${CLIENT_TITLES[client]}?`, true)) chosen.push(client);
  return chosen;
}
