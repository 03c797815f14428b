/** Checks an account against Mixpanel before anything is written: credentials, region, project, plan. */
import type { Account } from "../../account.ts";
import { Fault } from "../../fault.ts";
import type { Log } from "../../log.ts";
import type { Api } from "../../mixpanel/api.ts";
import { createApi } from "../../mixpanel/client.ts";
import { listCohorts } from "../../mixpanel/cohorts.ts";
import { me } from "../../mixpanel/me.ts";
import { REGIONS, type Region } from "../../names.ts";

export type Verified = {
  account: Account;
  projectName?: string;
  timezone?: string;
  /** False where the plan has no Query API; raw export works all the same. */
  queryApi: boolean;
  notes: string[];
};

export type VerifyOptions = { dataDir: string; apiUrl?: string; log: Log };

const REGION_MS = 5_000;

/** Throws AUTH_FAILED, PERMISSION_DENIED, CONFIG_INVALID or NETWORK_ERROR. Costs one query of the project's hour. */
export async function verify(given: Account, options: VerifyOptions): Promise<Verified> {
  const notes: string[] = [];
  const found = await findRegion(given, options);
  const { answer } = found;
  let { account } = found;
  if (account.region !== given.region)
    notes.push(`The project is in region ${account.region}, not ${given.region}; ${account.region} is used.`);
  const project = answer.projects.get(account.projectId);
  if (!project) throw noAccess(account, answer.projects);
  const home = regionOfDomain(project.domain);
  if (home && home !== account.region) {
    notes.push(`The project is in region ${home}, not ${account.region}; ${home} is used.`);
    account = { ...account, region: home };
  }
  const { queryApi, region } = await tryQuery(account, options, notes);
  return { account: { ...account, region }, projectName: project.name, timezone: project.timezone, queryApi, notes };
}

type Answer = Awaited<ReturnType<typeof me>>;

/** The given region first, then the others: an account is known in its own region only. */
async function findRegion(given: Account, options: VerifyOptions): Promise<{ account: Account; answer: Answer }> {
  let first: unknown;
  for (const region of [given.region, ...REGIONS.filter((other) => other !== given.region)]) {
    const account = { ...given, region };
    try {
      return {
        account,
        answer: await withApi(account, options, (api) =>
          me(api, AbortSignal.timeout(REGION_MS * (region === given.region ? 4 : 1))),
        ),
      };
    } catch (error) {
      first ??= error;
      // One origin for all regions, or a network that is down: asking again elsewhere tells nothing new.
      if (options.apiUrl || !(error instanceof Fault) || error.code !== "AUTH_FAILED") break;
    }
  }
  throw first;
}

async function tryQuery(
  account: Account,
  options: VerifyOptions,
  notes: string[],
): Promise<{ queryApi: boolean; region: Region }> {
  try {
    await withApi(account, options, (api) => listCohorts(api));
    return { queryApi: true, region: account.region };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "PLAN_LIMIT") {
      notes.push("This Mixpanel plan has no Query API: live queries will be refused. fetch_events and SQL work.");
      return { queryApi: false, region: account.region };
    }
    const right = REGIONS.find((region) => region === error.details?.["region"]);
    if (error.code === "CONFIG_INVALID" && right && right !== account.region) {
      notes.push(`The project is in region ${right}, not ${account.region}; ${right} is used.`);
      return { queryApi: true, region: right };
    }
    if (error.code === "RATE_LIMITED") {
      notes.push("The project's query quota is used up at the moment; the credentials are fine.");
      return { queryApi: true, region: account.region };
    }
    throw error;
  }
}

async function withApi<T>(
  account: Account,
  { dataDir, apiUrl, log }: VerifyOptions,
  use: (api: Api) => Promise<T>,
): Promise<T> {
  const api = createApi(account, { dataDir, apiUrl, log });
  try {
    return await use(api);
  } finally {
    api.close();
  }
}

export function regionOfDomain(domain: string | undefined): Region | undefined {
  const host = domain?.toLowerCase().replace(/^https?:\/\//, "");
  if (host === undefined) return undefined;
  if (host.startsWith("eu.")) return "eu";
  if (host.startsWith("in.")) return "in";
  return host.startsWith("mixpanel.com") ? "us" : undefined;
}

function noAccess(account: Account, projects: ReadonlyMap<string, { name?: string }>): Fault {
  const known = [...projects].slice(0, 8).map(([id, { name }]) => (name ? `${id} (${name})` : id));
  return new Fault("PERMISSION_DENIED", `The credentials work, but have no access to project ${account.projectId}.`, {
    suggestions: [
      known.length > 0
        ? `Projects they can see: ${known.join(", ")}${projects.size > known.length ? ", ..." : ""}.`
        : "They can see no project at all.",
      "An admin of the project must add the service account to it: Project settings, Users.",
    ],
  });
}
