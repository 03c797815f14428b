/** A Mixpanel account as the product uses it, and the checks every source of one passes. */
import { Fault } from "./fault.ts";
import { REGIONS, type Region } from "./names.ts";
import { Secret } from "./secret.ts";

export type Account = {
  /** The account's name in the file, or `environment`. */
  name: string;
  username: string;
  secret: Secret;
  projectId: string;
  region: Region;
  workspaceId?: number;
};

export type AccountField = "username" | "secret" | "projectId" | "region" | "workspaceId";

export type RawAccount = {
  name: string;
  username: string;
  secret: string;
  projectId: string;
  region: string;
  workspaceId: string | undefined;
  /** What the user calls the field: a variable, or a key of the file. */
  source(field: AccountField): string;
};

/** Checks the values, never showing the secret. */
export function validAccount(raw: RawAccount): Account {
  const projectId = raw.projectId.trim();
  if (!/^\d{1,20}$/.test(projectId)) {
    throw new Fault(
      "CONFIG_INVALID",
      `${raw.source("projectId")} must be the project's number, not ${JSON.stringify(projectId.slice(0, 40))}.`,
      {
        suggestions: ["Find it in the address of your Mixpanel project: /project/<number>/."],
      },
    );
  }
  const region = raw.region.trim().toLowerCase();
  if (!isRegion(region)) {
    throw new Fault(
      "CONFIG_INVALID",
      `${raw.source("region")} is ${JSON.stringify(raw.region.slice(0, 40))}; it must be us, eu or in.`,
      {
        suggestions: ["eu.mixpanel.com projects are eu, in.mixpanel.com projects are in, all others us."],
      },
    );
  }
  checkCredentials(raw);
  return {
    name: raw.name,
    username: raw.username.trim(),
    secret: new Secret(raw.secret.trim()),
    projectId,
    region,
    workspaceId: workspaceNumber(raw),
  };
}

/** Only what can stand in a Basic header, and only what Mixpanel gives out. */
function checkCredentials(raw: RawAccount): void {
  for (const field of ["username", "secret"] as const) {
    const value = raw[field].trim();
    if (
      value === "" ||
      value.length > 1000 ||
      !/^[\x20-\x7e\xa0-\xff]+$/.test(value) ||
      (field === "username" && value.includes(":"))
    ) {
      throw new Fault(
        "CONFIG_INVALID",
        `${raw.source(field)} is not usable: it is empty, too long, or holds characters no Mixpanel ${field} has.`,
        {
          suggestions: ["Copy it again from Mixpanel: Organization settings, Service accounts."],
        },
      );
    }
  }
}

function workspaceNumber(raw: RawAccount): number | undefined {
  if (raw.workspaceId === undefined) return undefined;
  if (!/^\d{1,15}$/.test(raw.workspaceId.trim())) {
    throw new Fault("CONFIG_INVALID", `${raw.source("workspaceId")} must be a number.`, {
      suggestions: [
        "It is the number after /view/ in the address of the data view; leave it out when you do not use data views.",
      ],
    });
  }
  return Number(raw.workspaceId);
}

function isRegion(text: string): text is Region {
  return (REGIONS as readonly string[]).includes(text);
}
