/** Searching and paging of lists that are short enough to be held whole. */

export type Page<T> = { page: T[]; total: number; truncated: boolean };

/** `total` counts what matches; `truncated` says that more follows this page. */
export function pageOf<T>(list: readonly T[], limit: number, offset = 0): Page<T> {
  const page = list.slice(offset, offset + limit);
  return { page, total: list.length, truncated: offset + page.length < list.length };
}

/** Those whose text contains `search`, case ignored; all of them without one. */
export function matching<T>(list: readonly T[], search: string | undefined, text: (item: T) => string): T[] {
  const wanted = search?.trim().toLowerCase() ?? "";
  return wanted === "" ? [...list] : list.filter((item) => text(item).toLowerCase().includes(wanted));
}

/** `notes` as a result key: left out when there are none. */
export function notesKey(...notes: (string | undefined | false)[]): { notes?: string[] } {
  const present = notes.filter((note) => typeof note === "string");
  return present.length === 0 ? {} : { notes: present };
}

/** "3 funnels", "1 funnel of 12": for the first line of a reply. */
export function countOf(shown: number, total: number, one: string, many = `${one}s`): string {
  const noun = (count: number) => (count === 1 ? one : many);
  return shown === total ? `${total} ${noun(total)}` : `${shown} of ${total} ${noun(total)}`;
}
