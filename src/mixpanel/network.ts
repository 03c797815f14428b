/** Failures below HTTP, told apart by their code; the foreign message is never shown (it may hold the address with its query). */
import { Fault } from "../fault.ts";
import type { NetworkReason } from "./retry.ts";

const REFUSED = new Set([
  "ECONNREFUSED",
  "ConnectionRefused",
  "FailedToOpenSocket",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
]);
const DNS = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "DNS_ENOTFOUND",
  "EAI_NODATA",
  "EAI_NONAME",
  "ENODATA",
  "ESERVFAIL",
]);

export function networkReason(error: unknown): NetworkReason {
  const code = codeOf(error);
  if (REFUSED.has(code)) return "refused";
  if (DNS.has(code) || code.startsWith("DNS_")) return "dns";
  if (/CERT|TLS|SSL|UNABLE_TO|EPROTO|SELF_SIGNED|HOSTNAME/i.test(code)) return "tls";
  if (/TIMEDOUT|TIMEOUT/i.test(code)) return "timeout";
  return "reset";
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.name === "TimeoutError") return "TIMEOUT";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

const WHAT: Record<NetworkReason, (host: string) => string> = {
  refused: (host) => `Cannot reach Mixpanel: ${host} refused the connection.`,
  dns: (host) => `Cannot reach Mixpanel: the name of ${host} could not be found.`,
  tls: (host) => `Cannot reach Mixpanel: no trusted TLS connection to ${host} could be made.`,
  reset: (host) => `The connection to Mixpanel (${host}) broke off before an answer came.`,
  timeout: (host) => `Mixpanel (${host}) gave no answer in time.`,
};

const NEXT: Record<NetworkReason, string> = {
  refused: "Check the internet connection, VPN, firewall and proxy (HTTPS_PROXY) of this machine.",
  dns: "Check the internet connection, VPN and proxy (HTTPS_PROXY) of this machine.",
  tls: "Check whether a proxy or firewall replaces certificates, and the clock of this machine.",
  reset: "Try again in a minute.",
  timeout: "Ask for a shorter date range, fewer segments or a simpler filter, or try again in a minute.",
};

/** `host` is the origin that was tried. */
export function networkFault(reason: NetworkReason, host: string, cause?: unknown): Fault {
  return new Fault("NETWORK_ERROR", WHAT[reason](host), {
    suggestions: [NEXT[reason], "Tables already fetched can be queried with `sql` meanwhile."],
    details: { reason, host },
    cause,
  });
}

/** The fault of an aborted call: the abort's own when it carries one (a deadline), else CANCELLED. */
export function abortFault(signal: AbortSignal): Fault {
  return signal.reason instanceof Fault ? signal.reason : new Fault("CANCELLED", "The call was cancelled.");
}
