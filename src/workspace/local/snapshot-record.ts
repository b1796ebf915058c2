import { z } from 'zod';
import { moment } from '../../records/time.ts';
import { readState, removeState, stateNames, writeState } from '../state-file.ts';
import { type LocalContext, stateFiles } from './context.ts';

/** Written before a snapshot is made: one that exists and is recorded nowhere would stay for ever. */
const madeSnapshot = z.object({
  part: z.string(),
  path: z.string(),
  by: z.enum(['commands', 'btrfs']).default('commands'),
  /** What drops it, kept here because the configuration may change meanwhile. */
  drop: z.array(z.string()),
  takenAt: moment,
  quietToken: z.string(),
  state: z.enum(['making', 'made']),
});
const madeSnapshots = z.array(madeSnapshot);
export type MadeSnapshot = z.infer<typeof madeSnapshot>;

export async function readSnapshots(context: LocalContext, operationId: string): Promise<MadeSnapshot[]> {
  return (await readState(stateFiles.snapshots(context.folder, operationId), madeSnapshots)) ?? [];
}

export function recordSnapshot(context: LocalContext, operationId: string, made: MadeSnapshot): Promise<void> {
  return context.lock.hold(async () => {
    const others = (await readSnapshots(context, operationId)).filter(({ part }) => part !== made.part);
    await writeState(stateFiles.snapshots(context.folder, operationId), [...others, made]);
  });
}

export function forgetSnapshot(context: LocalContext, operationId: string, part: string): Promise<void> {
  return context.lock.hold(async () => {
    const others = (await readSnapshots(context, operationId)).filter((made) => made.part !== part);
    const file = stateFiles.snapshots(context.folder, operationId);
    await (others.length === 0 ? removeState(file) : writeState(file, others));
  });
}

/**
 * Takes a place away from operations that ended without dropping what they made there: when one of them is released
 * late, it must not drop what stands there by then.
 */
export function takeOverPlace(context: LocalContext, operationId: string, path: string): Promise<void> {
  return context.lock.hold(async () => {
    for (const name of await stateNames(context.folder)) {
      const other = /^snapshots-(op_\w+)\.json$/.exec(name)?.[1];
      if (other === undefined || other === operationId) continue;
      const theirs = await readSnapshots(context, other);
      const rest = theirs.filter((made) => made.by !== 'btrfs' || made.path !== path);
      if (rest.length < theirs.length) await writeState(stateFiles.snapshots(context.folder, other), rest);
    }
  });
}
