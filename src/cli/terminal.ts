/** Where lines for people go: colours and a progress line on a terminal, plain text into anything else. */

export type Style = {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  warn(text: string): string;
  /** On a background as strong as `share` (0 to 1); plain where there are no colours. */
  heat(text: string, share: number): string;
};

/** From dark to bright green in the 256-colour palette, each with a colour that can be read on it. */
const HEAT = [
  [236, 250],
  [22, 254],
  [28, 255],
  [34, 232],
  [40, 232],
  [46, 232],
] as const;

export function createStyle(colours: boolean): Style {
  const paint = (open: string, close: string) => (text: string) =>
    colours ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint("1", "22"),
    dim: paint("2", "22"),
    accent: paint("36", "39"),
    warn: paint("33", "39"),
    heat(text, share) {
      const [back, front] = HEAT[Math.min(HEAT.length - 1, Math.floor(share * HEAT.length))] ?? HEAT[0];
      return paint(`48;5;${back};38;5;${front}`, "39;49")(text);
    },
  };
}

export type Terminal = {
  style: Style;
  /** Columns that a line may take. */
  width: number;
  line(text?: string): void;
  /** Replaces the line in progress; on a terminal only. */
  progress(text: string): void;
  flush(): Promise<void>;
};

const PLAIN_WIDTH = 100;
const MOST_WIDTH = 120;
const LEAST_WIDTH = 40;

export function createTerminal(output: NodeJS.WriteStream, noColour: boolean): Terminal {
  const interactive = output.isTTY === true;
  const width = interactive ? Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, output.columns || 80)) : PLAIN_WIDTH;
  let pending = Promise.resolve();
  let drawing = false;
  const write = (text: string) => {
    pending = new Promise((resolve) => output.write(text, () => resolve()));
  };
  return {
    style: createStyle(interactive && !noColour),
    width,
    line(text = "") {
      write(`${drawing ? "\r\u001b[K" : ""}${text}\n`);
      drawing = false;
    },
    progress(text) {
      if (!interactive) return;
      write(`\r\u001b[K${text}`);
      drawing = true;
    },
    flush: () => pending,
  };
}
