/** Questions on a terminal; the secret is read without being shown. */
import { createInterface } from "node:readline/promises";
import { Fault } from "../../fault.ts";

export type Ask = {
  text(question: string, standard?: string): Promise<string>;
  secret(question: string): Promise<string>;
  yes(question: string, standard: boolean): Promise<boolean>;
};

export const isInteractive = () => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Questions go to stderr, so that stdout holds results only. */
export function createAsk(): Ask {
  const line = async (prompt: string) => {
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await reader.question(prompt)).trim();
    } finally {
      reader.close();
    }
  };
  return {
    text: async (question, standard) =>
      (await line(standard ? `${question} [${standard}]: ` : `${question}: `)) || (standard ?? ""),
    secret: readSecret,
    async yes(question, standard) {
      const answer = (await line(`${question} [${standard ? "Y/n" : "y/N"}]: `)).toLowerCase();
      return answer === "" ? standard : answer.startsWith("y");
    },
  };
}

const ENTER = /[\r\n]/;
const INTERRUPT = "\u0003";
const END = "\u0004";
const BACKSPACE = /[\u007f\b]/;

function readSecret(question: string): Promise<string> {
  process.stderr.write(`${question} (not shown): `);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let secret = "";
  const finish = () => {
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdin.off("data", read);
    process.stderr.write("\n");
  };
  const read = (chunk: Buffer | string) => {
    for (const character of chunk.toString()) {
      if (character === INTERRUPT || (character === END && secret === "")) {
        finish();
        reject(new Fault("CANCELLED", "Setup was stopped; nothing was written."));
        return;
      }
      if (ENTER.test(character)) {
        finish();
        resolve(secret.trim());
        return;
      }
      secret = BACKSPACE.test(character) ? secret.slice(0, -1) : secret + character;
    }
  };
  process.stdin.setRawMode(true);
  process.stdin.resume();
  process.stdin.on("data", read);
  return promise;
}
