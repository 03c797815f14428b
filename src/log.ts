/** The only writer to stderr. Every line passes the redactor: secrets registered with `hideFromLog` never appear. */
export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Log = {
  error(message: string, cause?: unknown): void;
  warn(message: string, cause?: unknown): void;
  info(message: string): void;
  debug(message: string): void;
};

/** Replaces each secret, in the forms it can take on a wire (plain, base64, URL- and JSON-escaped), by `[redacted]`. */
export type Redactor = (text: string) => string;

export function createRedactor(secrets: string[]): Redactor {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    forms.add(secret);
    forms.add(encodeURIComponent(secret));
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(Buffer.from(secret).toString("base64"));
    forms.add(Buffer.from(secret).toString("base64url"));
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((clean, form) => clean.replaceAll(form, "[redacted]"), text);
}

export function createLog(level: LogLevel, redact: Redactor): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const write = (name: LogLevel, message: string, cause?: unknown) => {
    if (LOG_LEVELS.indexOf(name) > threshold) return;
    const tail =
      cause === undefined ? "" : `: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`;
    process.stderr.write(`${redact(`mixpanel-data-mcp ${name}: ${message}${tail}`)}\n`);
  };
  return {
    error: (message, cause) => write("error", message, cause),
    warn: (message, cause) => write("warn", message, cause),
    info: (message) => write("info", message),
    debug: (message) => write("debug", message),
  };
}
