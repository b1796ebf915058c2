/** Runs two sides of a pair, one after the other; answers them in the order given, whichever went first. */
export async function inTurns<One, Other>(
  oneFirst: boolean,
  one: () => Promise<One>,
  other: () => Promise<Other>,
): Promise<[One, Other]> {
  if (oneFirst) return [await one(), await other()];
  const later = await other();
  return [await one(), later];
}
