/**
 * Who may talk to the HTTP mode. A page in the user's browser can reach a loopback port, under its own name (a plain
 * cross-origin request) or, after DNS rebinding, under a name that resolves to 127.0.0.1. So the Host must be one of our
 * names exactly, the Origin absent or loopback, and nothing of the request is looked at before both are known.
 * No CORS header is ever sent: browsers then keep every answer from foreign pages.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { hostname, networkInterfaces } from "node:os";

const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];
const ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;
/** A name, an IPv4 or a bracketed IPv6 address, then an optional port: no userinfo, path, query, escape or white space. */
const HOST = /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::([1-9]\d{0,4}))?$/i;

export type Guard = {
  /** Lower-case host names without port that are us. */
  hosts: ReadonlySet<string>;
  port: number;
  /** SHA-256 of the bearer token; undefined when none is asked for. */
  tokenDigest: Buffer | undefined;
};

/** `host` is the address we listen on, as given on the command line. */
export function createGuard(host: string, port: number, token: string | undefined): Guard {
  const names = [...LOOPBACK_HOSTS, bracketed(host).toLowerCase(), ...(isWildcard(host) ? ownNames() : [])];
  return { hosts: new Set(names), port, tokenDigest: token === undefined ? undefined : digest(token) };
}

/** True for addresses only this machine can reach. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?)$/i.test(host);
}

/** The form an address has in a URL: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/**
 * The Host header names us: an exact name, alone or with our port. Bun joins repeated headers with a comma, which no
 * name contains, so two Host lines fail as well.
 */
export function hostAllowed(header: string | null, guard: Guard): boolean {
  if (header === null || header.length > 300) return false;
  const [, name, port] = HOST.exec(header) ?? [];
  if (name === undefined || !guard.hosts.has(name.toLowerCase())) return false;
  return port === undefined || Number(port) === guard.port;
}

/** Not a browser (no Origin), or a page this machine serves itself, on any port: the Inspector and local apps live there. */
export function originAllowed(header: string | null): boolean {
  return header === null || (header.length <= 300 && ORIGIN.test(header));
}

/** The bearer token is right, compared in constant time whatever its length; true when none is asked for. */
export function tokenAllowed(header: string | null, guard: Guard): boolean {
  if (guard.tokenDigest === undefined) return true;
  const [, given] = /^Bearer (\S+)$/i.exec(header ?? "") ?? [];
  const equal = timingSafeEqual(digest(given ?? ""), guard.tokenDigest);
  return equal && given !== undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || /^\[?::\]?$/.test(host);
}

/** On all interfaces we go by any address of this machine and its name; an address cannot be rebound. */
function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [hostname().toLowerCase(), ...addresses.map(({ address }) => bracketed(address).toLowerCase())];
}
