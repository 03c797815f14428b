/** The reply of one engage page as bytes -> the profiles in it, still as bytes, exactly as sent. */
import { Fault } from "../fault.ts";
import type { PropertyKeys } from "./property-keys.ts";
import { decodeText, ODD, Scanner } from "./scan.ts";

const QUOTE = 0x22;
const BRACE = 0x7b;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Walks the reply's own keys; `onProfile` is called with the position of each element of `results`. */
export class PageReader {
  /** Reads one profile: its name is `$distinct_id`. */
  readonly profile: Scanner;
  private readonly other = new Scanner({ name: "", properties: "", multiline: true });

  constructor(
    private readonly bytes: Uint8Array,
    keys?: PropertyKeys,
  ) {
    this.profile = new Scanner({ name: "$distinct_id", properties: "$properties", multiline: true }, keys);
  }

  /**
   * Calls `take` after each element of `results` was scanned into `profile`, `odd` for one that is no object. Returns their number. Throws
   * UPSTREAM_TRUNCATED when the reply is not whole JSON or has no list of results. `bytes` must end in NUL.
   */
  each(take: (start: number, end: number) => void, odd: (start: number, end: number) => void): number {
    const { bytes } = this;
    let found = -1;
    let at = this.space(0);
    if (bytes[at] !== BRACE) throw notAPage();
    at = this.space(at + 1);
    while (bytes[at] === QUOTE) {
      const keyEnd = this.skip(at);
      const key = decodeText(bytes, at + 1, keyEnd - 1);
      at = this.space(keyEnd);
      if (bytes[at] !== COLON) throw notAPage();
      at = this.space(at + 1);
      if (key === "results" && bytes[at] === 0x5b) {
        found = 0;
        at = this.results(at, (start, end) => {
          found++;
          if (bytes[start] === BRACE) take(start, end);
          else odd(start, end);
        });
      } else at = this.skip(at);
      at = this.space(at);
      if (bytes[at] !== COMMA) break;
      at = this.space(at + 1);
    }
    if (bytes[at] !== 0x7d || this.space(at + 1) !== bytes.length - 1 || found < 0) throw notAPage();
    return found;
  }

  private results(from: number, each: (start: number, end: number) => void): number {
    const { bytes } = this;
    let at = this.space(from + 1);
    if (bytes[at] === 0x5d) return at + 1;
    for (;;) {
      const end = bytes[at] === BRACE ? this.profile.scan(bytes, at) : this.skip(at);
      if (end === ODD) throw notAPage();
      each(at, end);
      at = this.space(end);
      if (bytes[at] === 0x5d) return at + 1;
      if (bytes[at] !== COMMA) throw notAPage();
      at = this.space(at + 1);
    }
  }

  private skip(at: number): number {
    const end = this.other.skipValue(this.bytes, at);
    if (end === ODD) throw notAPage();
    return end;
  }

  private space(from: number): number {
    let at = from;
    while (this.bytes[at] === 0x20 || this.bytes[at] === 0x09 || this.bytes[at] === 0x0d || this.bytes[at] === 0x0a)
      at++;
    return at;
  }
}

function notAPage(): Fault {
  return new Fault("UPSTREAM_TRUNCATED", "A page of profiles is not whole: it is not the JSON of an engage reply.");
}
