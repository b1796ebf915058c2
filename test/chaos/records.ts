import { createHash } from 'node:crypto';

/** Records form a chain: each one vouches for all before it, so that a missing, changed or moved one is noticed. */
export interface ChainEnd {
  readonly count: number;
  readonly link: string;
}

export const NO_RECORDS: ChainEnd = { count: 0, link: 'none' };

export function addRecord({ count, link }: ChainEnd, note: string): { line: string; end: ChainEnd } {
  const end = { count: count + 1, link: linkOf(link, count + 1, note) };
  return { line: `${end.count} ${note} ${end.link}\n`, end };
}

function linkOf(before: string, count: number, note: string): string {
  return createHash('sha256').update(`${before} ${count} ${note}`).digest('hex').slice(0, 24);
}

/** Follows the chain; the first record that does not fit is told. A last line without its end is still being written. */
export function readRecords(text: string): { end: ChainEnd; problem?: string } {
  let end = NO_RECORDS;
  for (const line of text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)) {
    const [count, note = '', link] = line.split(' ');
    const next = { count: end.count + 1, link: linkOf(end.link, end.count + 1, note) };
    if (count !== String(next.count) || link !== next.link) {
      return { end, problem: `record ${next.count} is not what was written: "${line.slice(0, 80)}"` };
    }
    end = next;
  }
  return { end };
}
