import { link, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const THINGS = ['flush', 'restic', 'marking', 'moving', 'counting'] as const;

/** What stood inside one program near the data, in ms; 0 for what it did not do. */
export type Took = Readonly<Record<(typeof THINGS)[number], number>>;

const line = z.object({ message_type: z.literal('took'), what: z.enum(THINGS), ms: z.number() });

/** As the program itself says on its standard output, in steps of 10 ms. */
export async function readTook(output: string): Promise<Took> {
  const took = { flush: 0, restic: 0, marking: 0, moving: 0, counting: 0 };
  for (const text of (await readFile(output, 'utf8')).split('\n')) {
    if (!text.startsWith('{"message_type":"took"')) continue;
    const { what, ms } = line.parse(JSON.parse(text));
    took[what] += ms;
  }
  if (took.restic === 0) throw new Error(`${output} does not say how long restic took`);
  return took;
}

/** The outputs of an operation go with it: what is there now is kept by a link of our own, and grows with it. */
export async function keepOutputs(work: string, kept: string): Promise<void> {
  const names = await readdir(work).catch(() => []); // not begun, or over
  await mkdir(kept, { recursive: true });
  const known = new Set(await readdir(kept));
  for (const name of names.filter((one) => one.endsWith('.out') && !known.has(one))) {
    await link(join(work, name), join(kept, name)).catch(() => undefined); // just removed
  }
}
