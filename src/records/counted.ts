import { z } from 'zod';

/** How many there are of what a workspace's own check counts, such as rows: `users` 12. */
export const counts = z.record(z.string(), z.number().int().nonnegative());
export type Counts = z.infer<typeof counts>;

/** What one check counted, or why it could not: a sentence. */
export const counted = z.object({ check: z.string(), counts: counts.optional(), problem: z.string().optional() });
export type Counted = z.infer<typeof counted>;

/**
 * What was counted on both sides of the cut while services were up: just before they stopped, and just after they were up
 * again. Where both say the same, that is what stood at the cut.
 */
export const countedAtCut = z.object({ check: z.string(), before: counts, after: counts });
export type CountedAtCut = z.infer<typeof countedAtCut>;

/** One line for each thing that is counted: its name and how many there are. Other lines say nothing. */
export function readCounts(lines: readonly string[]): Counts {
  return Object.fromEntries(
    lines.flatMap((line): [string, number][] => {
      const [, name, number] = /^\s*([^\s|:=]+)\s*[\s|:=]\s*(\d{1,15})\s*$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, Number(number)]];
    }),
  );
}

/** Only what could be counted on both sides can be compared later. */
export function besideCut(before: readonly Counted[], after: readonly Counted[]): CountedAtCut[] {
  return before.flatMap(({ check, counts: first }) => {
    const second = after.find((one) => one.check === check)?.counts;
    return first && second ? [{ check, before: first, after: second }] : [];
  });
}

/** One half sentence for each number that lies outside of what was counted on both sides of the cut. */
export function tellMiscounts({ before, after }: CountedAtCut, restored: Counts): string[] {
  return Object.entries(before).flatMap(([name, first]) => {
    const second = after[name];
    const found = restored[name];
    if (second === undefined) return [];
    const [least, most] = [Math.min(first, second), Math.max(first, second)];
    if (found !== undefined && found >= least && found <= most) return [];
    const said = least === most ? `${least}` : `${least} to ${most}`;
    return [`${name}: ${found ?? 'nothing'} came back, ${said} stood there at the cut`];
  });
}
