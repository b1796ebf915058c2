import { closest, distance } from 'fastest-levenshtein';

/** The known name that was most likely meant; undefined when nothing is near enough to be worth suggesting. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const written = name.toLowerCase();
  if (written === '' || known.length === 0) return undefined;
  const begun = known.filter((candidate) => candidate.toLowerCase().startsWith(written));
  if (begun.length === 1 && written.length > 1) return begun[0];
  const byLowerCase = new Map(known.map((candidate) => [candidate.toLowerCase(), candidate]));
  const best = closest(written, [...byLowerCase.keys()]);
  // One slip in three letters: beyond that a suggestion confuses more than it helps.
  const allowed = Math.max(1, Math.floor(Math.max(written.length, best.length) / 3));
  return distance(written, best) <= allowed ? byLowerCase.get(best) : undefined;
}

/** A hint for an unknown name: the nearest match where there is one, else what is known. */
export function suggest(name: string, known: readonly string[], otherwise: string): string {
  const match = nearest(name, known);
  return match === undefined ? otherwise : `Did you mean "${match}"?`;
}
