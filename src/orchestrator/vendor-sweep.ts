import { PortError } from '../errors.ts';
import { adoptVendorBackups } from './adopt-vendor-backups.ts';
import type { Room } from './room.ts';

/** So often control planes are asked for backups that were made in their own pages, in milliseconds. */
const EVERY_MS = 3_600_000;
/** After one could not be asked. */
const AGAIN_MS = 300_000;
/** Nothing else waits longer for one that does not answer. */
const LONGEST_MS = 20_000;

export type VendorSweep = (workspace: string) => Promise<void>;

/** Looks at the control plane of a workspace when that is due. A platform without one costs nothing. */
export function createVendorSweep(room: Room): VendorSweep {
  const nextAt = new Map<string, number>();
  return async (workspace) => {
    const { clock } = room.world;
    if (clock.now().getTime() < (nextAt.get(workspace) ?? 0)) return;
    nextAt.set(workspace, clock.now().getTime() + AGAIN_MS);
    await withinTime(room, (signal) => adoptVendorBackups(room, workspace, signal));
    nextAt.set(workspace, clock.now().getTime() + EVERY_MS);
  };
}

async function withinTime(room: Room, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const over = new AbortController();
  const tooLong = new PortError('platform-unavailable', 'The control plane takes too long to answer.', {
    retryable: true,
  });
  room.world.clock.sleep(LONGEST_MS, over.signal).then(
    () => late.abort(tooLong),
    () => undefined, // it answered in time
  );
  try {
    await work(late.signal);
  } finally {
    over.abort();
  }
}
