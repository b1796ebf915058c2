import { isExpired } from '../approval/rules.ts';
import { describeRequest } from '../chat/messages/request.ts';
import { isAppError } from '../errors.ts';
import { startWaiting } from './decide.ts';
import type { Room } from './room.ts';
import type { VendorSweep } from './vendor-sweep.ts';

/** What time alone brings about. May be called as often as one likes; what fails is tried again the next time. */
export async function sweep(
  room: Room,
  forgetLeftCopies: (workspace: string) => Promise<void>,
  lookAtVendor: VendorSweep,
): Promise<void> {
  const { log, catalog, clock, workspaces } = room.world;
  const tolerate = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!isAppError(error)) throw error;
      log.warn({ error: error.message }, what);
    }
  };
  for (const { id } of await catalog.requests.list({ status: ['pending', 'approved'] })) {
    await tolerate('a request could not be let expire', () => expireRequest(room, id));
  }
  const held = await heldDisplaced(room);
  for (const workspace of Object.keys(workspaces)) {
    await tolerate(
      'an approved request could not be started yet',
      async () => void (await startWaiting(room, workspace)),
    );
  }
  await Promise.all(
    Object.keys(workspaces).map((workspace) =>
      tolerate('backups of a control plane could not be looked at', () => lookAtVendor(workspace)),
    ),
  );
  for (const [workspace, settings] of Object.entries(workspaces)) {
    if (room.runningIn(workspace)) continue;
    await tolerate('what failed operations left in the repository could not be dropped', () =>
      forgetLeftCopies(workspace),
    );
    await tolerate('what a restore displaced could not be removed', async () => {
      const dropped = await room.world.portsFor(settings).platform.dropDisplaced(clock.now().toISOString(), held);
      if (dropped.length > 0) log.info({ workspace, dropped }, 'what a restore displaced was removed in time');
    });
  }
}

/** What somebody asked to have back is not removed while that is undecided or waits for its turn. */
async function heldDisplaced({ world }: Room): Promise<string[]> {
  const asked = await world.catalog.requests.list({ status: ['pending', 'approved'] });
  return asked.flatMap((request) => (request.kind === 'undo' ? [request.plan.undoes] : []));
}

async function expireRequest({ world }: Room, id: string): Promise<void> {
  const now = world.clock.now();
  const before = await world.catalog.requests.get(id);
  if (!before || !isExpired(before, now)) return;
  const request = await world.catalog.requests.change(id, (standing) =>
    (standing.status === 'pending' || standing.status === 'approved') && isExpired(standing, now)
      ? { ...standing, status: 'expired' }
      : undefined,
  );
  if (request.status === 'expired') await world.chat.showRequest(request, describeRequest(request));
}
