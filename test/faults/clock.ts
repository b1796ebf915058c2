import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { FaultBench } from './fault-bench.ts';

/**
 * A wall clock that can be set, for one process: loaded before the program, it moves every `Date` by what stands in a
 * file. As with a machine's clock, timers and `performance.now` know nothing of it.
 */
const SHIM = (file: string) => `
import { readFileSync } from 'node:fs';
const Real = Date;
const moved = () => Real.now() + Number(readFileSync(${JSON.stringify(file)}, 'utf8'));
globalThis.Date = class Date extends Real {
  constructor(...given) { given.length === 0 ? super(moved()) : super(...given); }
  static now() { return moved(); }
};
`;

export const HOUR = 3_600_000;

export interface SetClock {
  /** For the server to be started with. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where the offset stands, in milliseconds. */
  readonly file: string;
  /** By so much from the true time. */
  set(ms: number): Promise<void>;
}

export async function makeClock(bench: FaultBench): Promise<SetClock> {
  const file = bench.at('clock-offset');
  const set = (ms: number) => writeFile(file, String(ms));
  await set(0);
  await writeFile(bench.at('clock.mjs'), SHIM(file));
  return { environment: { NODE_OPTIONS: `--import=${pathToFileURL(bench.at('clock.mjs'))}` }, file, set };
}
