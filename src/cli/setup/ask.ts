/** Questions on a terminal; the secret is read without being shown. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Fault } from "../../fault.ts";

export type Ask = {
  /** Asks again while `wrong` has something to say about the answer. */
  text(question: string, options?: { standard?: string; wrong?(answer: string): string | undefined }): Promise<string>;
  secret(question: string): Promise<string>;
  yes(question: string, standard: boolean): Promise<boolean>;
  /** Waits for the work, or throws CANCELLED as soon as the person stops. */
  meanwhile<T>(work: Promise<T>): Promise<T>;
  /** Gives the terminal back as it was. */
  close(): void;
};

export const isInteractive = () => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Questions go to stderr, so that stdout holds results only. What is typed is shown only while a question that may be seen is open: a
 * pasted block of answers must not show the secret in it. Ctrl-C, Ctrl-D and SIGTERM end it all, with the terminal as it was.
 */
export function createAsk(): Ask {
  const { line, stop, ended } = createReader();
  return {
    async text(question, { standard, wrong } = {}) {
      for (;;) {
        const answer = (await line(standard ? `${question} [${standard}]: ` : `${question}: `)) || (standard ?? "");
        const problem = wrong?.(answer);
        if (problem === undefined) return answer;
        process.stderr.write(`  ${problem}\n`);
      }
    },
    async secret(question) {
      for (;;) {
        const answer = await line(`${question} (not shown): `, true);
        if (answer !== "") return answer;
      }
    },
    async yes(question, standard) {
      const answer = (await line(`${question} [${standard ? "Y/n" : "y/N"}]: `)).toLowerCase();
      return answer === "" ? standard : answer.startsWith("y");
    },
    meanwhile: (work) => Promise.race([work, ended]),
    close: stop,
  };
}

function createReader() {
  let hidden = true;
  let asking = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!hidden) process.stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  const lines = createQueue<string>();
  reader.on("line", (line) => {
    if (hidden && asking) process.stderr.write("\n");
    hidden = true;
    asking = false;
    lines.push(line.trim());
  });
  const stop = () => reader.close();
  reader.on("SIGINT", stop);
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  reader.on("close", () => {
    if (asking) process.stderr.write("\n");
    lines.end(new Fault("CANCELLED", "Setup was stopped; nothing was written."));
  });
  async function line(prompt: string, secret = false): Promise<string> {
    process.stderr.write(prompt);
    hidden = secret;
    asking = true;
    return await lines.next();
  }
  return { line, stop, ended: lines.ended };
}

/** Answers may come faster than questions: each waits for its own. */
function createQueue<T>() {
  const waiting: T[] = [];
  const { promise: ended, reject: end } = Promise.withResolvers<never>();
  // Nobody may be asking at the moment it ends.
  ended.catch(() => {});
  let wake: (() => void) | undefined;
  return {
    push(value: T) {
      waiting.push(value);
      wake?.();
    },
    end,
    ended,
    async next(): Promise<T> {
      for (;;) {
        const value = waiting.shift();
        if (value !== undefined) return value;
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), ended]);
      }
    },
  };
}
