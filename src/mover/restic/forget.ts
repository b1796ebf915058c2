import type { MoveOptions } from '../mover.ts';
import { callRestic, type ResticContext } from './restic.ts';

/** All in one call. Without ids restic would apply a retention policy, so none is asked for then. */
export async function forget(context: ResticContext, ids: readonly string[], options: MoveOptions): Promise<void> {
  if (ids.length === 0) return;
  await callRestic(context, { args: ['forget', '--json', ...ids], options, waitsForLock: true, adoptable: true });
}
