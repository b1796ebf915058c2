import type { MoveOptions } from '../mover.ts';
import { callRestic, type ResticContext } from './restic.ts';

/** Always read anew: an old answer proves nothing about the repository as it is. */
export async function check(context: ResticContext, options: MoveOptions): Promise<void> {
  await callRestic(context, { args: ['check', '--json'], options, waitsForLock: true, adoptable: true });
}
