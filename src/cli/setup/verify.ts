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
  /** The project's hour is used up, says Mixpanel or our own count. */
  quotaGone: boolean;
  notes: string[];
};

export type VerifyOptions = {
  /** Where the query is counted; left out, it is counted nowhere and nothing is written. */
  dataDir?: string;
  apiUrl?: string;
  log: Log;
};

/** Another region than the given one is only asked where the credentials live, so it gets less time. */
const GIVEN_REGION_MS = 10_000;
const OTHER_REGION_MS = 5_000;

/** Throws AUTH_FAILED, PERMISSION_DENIED, CONFIG_INVALID or NETWORK_ERROR. Costs one query of the project's hour. */
export async function verify(given: Account, options: VerifyOptions): Promise<Verified> {
  const { account: known, answer } = await findRegion(given, options);
  const project = answer.projects.get(known.projectId);
  if (!project) throw noAccess(known, answer.projects);
  const home = { ...known, region: regionOfDomain(project.domain) ?? known.region };
  const { account, queryApi, quotaGone, notes } = await tryQuery(home, options);
  if (account.region !== given.region)
    notes.unshift(`The project is in region ${account.region}, not ${given.region}; ${account.region} is used.`);
  return { account, projectName: project.name, timezone: project.timezone, queryApi, quotaGone, notes };
}

type Answer = Awaited<ReturnType<typeof me>>;

/** The given region first, then the one Mixpanel names, then the others: an account is known in its own region only. */
async function findRegion(given: Account, options: VerifyOptions): Promise<{ account: Account; answer: Answer }> {
  let first: unknown;
  const queue = [given.region, ...REGIONS.filter((other) => other !== given.region)];
  const asked = new Set<Region>();
  for (let region = queue.shift(); region !== undefined; region = queue.shift()) {
    if (asked.has(region)) continue;
    asked.add(region);
    const account = { ...given, region };
    const wait = AbortSignal.timeout(region === given.region ? GIVEN_REGION_MS : OTHER_REGION_MS);
    try {
      // Unmetered, so nothing is counted and no file is opened.
      const answer = await withApi(account, { ...options, dataDir: undefined }, (api) => me(api, wait));
      return { account, answer };
    } catch (error) {
      first ??= error;
      const named = namedRegion(error);
      if (named) queue.unshift(named);
      // One origin for all regions, or a network that is down: asking again elsewhere tells nothing new.
      else if (options.apiUrl || !(error instanceof Fault) || error.code !== "AUTH_FAILED") break;
    }
  }
  throw first;
}

/** The region in which Mixpanel says the project is, when it refuses the one that was asked. */
function namedRegion(error: unknown): Region | undefined {
  if (!(error instanceof Fault) || error.code !== "CONFIG_INVALID") return undefined;
  return REGIONS.find((region) => region === error.details?.["region"]);
}

type Tried = Pick<Verified, "account" | "queryApi" | "quotaGone" | "notes">;

async function tryQuery(account: Account, options: VerifyOptions, moved = false): Promise<Tried> {
  try {
    await withApi(account, options, (api) => listCohorts(api));
    return { account, queryApi: true, quotaGone: false, notes: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === "PLAN_LIMIT") {
      const note = "This Mixpanel plan has no Query API: live queries will be refused. fetch_events and SQL work.";
      return { account, queryApi: false, quotaGone: false, notes: [note] };
    }
    if (error.code === "RATE_LIMITED") {
      const note = "The project's query quota is used up at the moment; the credentials are fine.";
      return { account, queryApi: true, quotaGone: true, notes: [note] };
    }
    const region = namedRegion(error);
    if (region === undefined || region === account.region || moved) throw error;
    // Behind one origin for all regions, the question in the other region would be the same one.
    if (options.apiUrl) return { account: { ...account, region }, queryApi: true, quotaGone: false, notes: [] };
    return tryQuery({ ...account, region }, options, true);
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
