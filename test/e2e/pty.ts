/** The built executable on a pseudo-terminal, as a person sees it. */
import { BINARY } from "./binary.ts";

export type Screen = {
  /** Everything written so far, escape codes included. */
  text(): string;
  /** Resolves when the pattern has appeared behind everything that was there before the call. */
  until(pattern: RegExp): Promise<void>;
  type(keys: string): void;
  exited: Promise<number>;
};

const WAIT_MS = 30_000;

export function onTerminal(args: string[], env: Record<string, string>, cols = 80): Screen {
  const decoder = new TextDecoder();
  let text = "";
  let seen = 0;
  const child = Bun.spawn([BINARY, ...args], {
    env,
    cwd: env["HOME"],
    terminal: {
      cols,
      rows: 40,
      data(_terminal, bytes) {
        text += decoder.decode(bytes, { stream: true });
      },
    },
  });
  return {
    text: () => text,
    async until(pattern) {
      const deadline = Date.now() + WAIT_MS;
      for (;;) {
        const match = pattern.exec(text.slice(seen));
        if (match) {
          seen += match.index + match[0].length;
          return;
        }
        if (Date.now() > deadline) throw new Error(`${pattern} did not appear in:\n${text.slice(seen)}`);
        await Bun.sleep(10);
      }
    },
    type: (keys) => void child.terminal?.write(keys),
    exited: child.exited.then(async (code) => {
      // What was written last may still be on its way.
      await Bun.sleep(50);
      child.terminal?.close();
      return code;
    }),
  };
}

/** The lines as they stand in the end: what a progress line wrote over is gone, and so are the colours. */
export function linesOf(screen: string): string[] {
  return Bun.stripANSI(screen.replaceAll("\u001b[K", ""))
    .split(/\r*\n/)
    .map((line) => line.slice(line.lastIndexOf("\r") + 1));
}
