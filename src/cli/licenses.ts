/** `--licenses`: the licence texts of everything inside the executable; the macro puts them in at build time. */
import { embeddedLicenses } from "../build/licenses.ts" with { type: "macro" };

export function licenses(): string {
  return embeddedLicenses();
}
