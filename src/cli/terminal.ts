/** Drawing for people: aligned tables, sparklines, bars, one progress line. Plain text when the output is no terminal or NO_COLOR is set. */
import { visible } from "../visible.ts";

export type Style = {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  good(text: string): string;
};

export function createStyle(colours: boolean): Style {
  const paint = (open: number, close: number) => (text: string) =>
    colours ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), accent: paint(36, 39), good: paint(32, 39) };
}

export type Terminal = {
  style: Style;
  line(text?: string): void;
  /** Replaces the line in progress; on a terminal only. */
  progress(text: string): void;
  flush(): Promise<void>;
};

export function createTerminal(output: NodeJS.WriteStream, noColour: boolean): Terminal {
  const interactive = output.isTTY === true;
  let pending = Promise.resolve();
  let drawing = false;
  const write = (text: string) => {
    pending = new Promise((resolve) => output.write(text, () => resolve()));
  };
  return {
    style: createStyle(interactive && !noColour),
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

type Cell = string | number | boolean | null | undefined;

const shown = (cell: Cell) =>
  cell === null || cell === undefined ? "" : typeof cell === "number" ? formatNumber(cell) : visible(String(cell));

/** 1234567.5 -> 1,234,567.5 */
export function formatNumber(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 4 });
}

export const percent = (share: number | null | undefined) =>
  typeof share === "number" ? `${(share * 100).toFixed(1)}%` : "";

const widthOf = (text: string) => Bun.stringWidth(text);
const pad = (text: string, width: number, right: boolean) => {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
};

/** Columns of numbers to the right, everything else to the left. */
export function table(columns: string[], rows: Cell[][], style: Style): string[] {
  const texts = rows.map((row) => columns.map((_, index) => shown(row[index])));
  const right = columns.map((_, index) => rows.some((row) => typeof row[index] === "number"));
  const widths = columns.map((name, index) =>
    Math.max(widthOf(name), ...texts.map((row) => widthOf(row[index] ?? ""))),
  );
  const draw = (cells: string[]) =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, right[index] ?? false))
      .join("  ")
      .trimEnd();
  return [style.dim(draw(columns)), ...texts.map(draw)];
}

const SPARKS = "▁▂▃▄▅▆▇█";

export function sparkline(values: (number | null)[]): string {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  return values
    .map((value) => (value === null ? " " : (SPARKS[Math.min(7, Math.floor((value / most) * 7.999))] ?? " ")))
    .join("");
}

export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  return "█".repeat(eighths >> 3) + (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7] ?? "");
}

export function progressBar(done: number, total: number, note: string): string {
  const share = total > 0 ? done / total : 0;
  return `[${pad(bar(share, 30), 30, false)}] ${String(Math.round(share * 100)).padStart(3)}%  ${note}`;
}
