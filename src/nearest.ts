/** "Did you mean": the known names closest to what was given. */

/** Levenshtein distance of two short texts, case ignored by the caller. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * Up to `most` of `known`, nearest to `name` first: equal but for case or separators, then containing it or contained in it,
 * then within a third of its length in edits. Empty when nothing is near.
 */
export function nearest(name: string, known: Iterable<string>, most = 3): string[] {
  const simplify = (text: string) =>
    text
      .slice(0, 100)
      .toLowerCase()
      .replaceAll(/[\s_$.-]+/g, "");
  const wanted = simplify(name);
  const scored: [number, string][] = [];
  for (const candidate of known) {
    const other = simplify(candidate);
    if (other === wanted) scored.push([0, candidate]);
    else if (wanted.length > 2 && other.length > 2 && (other.includes(wanted) || wanted.includes(other)))
      scored.push([1, candidate]);
    else if (Math.abs(other.length - wanted.length) <= 4) {
      const edits = distance(wanted, other);
      if (edits <= Math.max(1, Math.ceil(wanted.length / 3))) scored.push([1 + edits, candidate]);
    }
  }
  scored.sort((a, b) => a[0] - b[0] || a[1].localeCompare(b[1]));
  return scored.slice(0, most).map(([, candidate]) => candidate);
}
