/** Drawing with characters: aligned tables, sparklines, bars, wrapped text. Widths are terminal columns. */
import { visible } from "../visible.ts";
import type { Style } from "./terminal.ts";

export type Cell = string | number | boolean | null | undefined;

export const widthOf = (text: string) => Bun.stringWidth(text);

export const pad = (text: string, width: number, right = false) => {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
};

/** 1234567.5 -> 1,234,567.5; `decimals` are always written where given. */
export function formatNumber(value: number, decimals?: number): string {
  const digits = decimals === undefined ? { maximumFractionDigits: 4 } : fixed(decimals);
  return value.toLocaleString("en-US", digits);
}
const fixed = (digits: number) => ({ minimumFractionDigits: digits, maximumFractionDigits: digits });

export const percent = (share: number | null | undefined, decimals = 1) =>
  typeof share === "number" ? `${(share * 100).toFixed(decimals)}%` : "";

/** At most `width` columns, with … where something is missing. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let shown = "";
  for (const character of text) {
    if (widthOf(shown + character) > width - 1) break;
    shown += character;
  }
  return `${shown.trimEnd()}…`;
}

/** Lines of at most `width` columns, broken at spaces; lines after the first begin with `indent`. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line.trim() !== "" && widthOf(longer) > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

const DECIMALS = 4;
const decimalsOf = (value: Cell) =>
  typeof value === "number" ? Math.min(DECIMALS, (/\.(\d+)$/.exec(String(value))?.[1] ?? "").length) : 0;

/** Columns of numbers to the right and with the same decimals, everything else to the left. */
export function table(columns: string[], rows: Cell[][], style: Style): string[] {
  const decimals = columns.map((_, index) => Math.max(0, ...rows.map((row) => decimalsOf(row[index]))));
  const shown = (cell: Cell, index: number) => {
    if (cell === null || cell === undefined) return "";
    return typeof cell === "number" ? formatNumber(cell, decimals[index]) : visible(String(cell));
  };
  const texts = rows.map((row) => columns.map((_, index) => shown(row[index], index)));
  const right = columns.map((_, index) => rows.some((row) => typeof row[index] === "number"));
  const widths = columns.map((name, index) =>
    Math.max(widthOf(name), ...texts.map((row) => widthOf(row[index] ?? ""))),
  );
  const draw = (cells: string[]) =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, right[index]))
      .join("  ")
      .trimEnd();
  return [style.dim(draw(columns)), ...texts.map(draw)];
}

const SPARKS = "▁▂▃▄▅▆▇█";

/** One character a value, from nothing to the largest; blank for no value. */
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

export function progressBar(done: number, total: number, note: string, width: number): string {
  const share = total > 0 ? done / total : 0;
  const room = Math.min(30, Math.max(10, width - 50));
  return clip(`▕${pad(bar(share, room), room)}▏ ${String(Math.round(share * 100)).padStart(3)}%  ${note}`, width);
}
