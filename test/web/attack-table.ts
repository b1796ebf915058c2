import { expect } from 'vitest';

/** What was tried against the page and refused, for people to read at the end of the run. */
export function createAttackTable() {
  const tried: string[] = [];
  return {
    tried,
    /** What was tried must have been answered by one of these, and stands in the table then. */
    refused(attack: string, what: string, heard: { readonly status: number }, ...by: number[]): void {
      expect([attack, what, heard.status, by.includes(heard.status)]).toEqual([attack, what, heard.status, true]);
      tried.push(`${attack.padEnd(22)} ${what.padEnd(58)} ${heard.status}`);
    },
    print: () => void process.stdout.write(`\nAttacks tried and refused\n${tried.join('\n')}\n`),
  };
}
