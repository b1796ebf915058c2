import { isExpired } from '../approval/rules.ts';
import { describeRequest } from '../chat/messages/request.ts';
import { isAppError } from '../errors.ts';
import type { Room } from './room.ts';

/** What time alone brings about. May be called as often as one likes. */
export async function sweep(room: Room): Promise<void> {
  await expireRequests(room);
  for (const [workspace, settings] of Object.entries(room.world.workspaces)) {
    if (room.runningIn(workspace)) continue;
    try {
      const dropped = await room.world.portsFor(settings).platform.dropDisplaced(room.world.clock.now().toISOString());
      if (dropped.length > 0)
        room.world.log.info({ workspace, dropped }, 'what a restore displaced was removed in time');
    } catch (error) {
      if (!isAppError(error)) throw error;
      room.world.log.warn({ workspace, error: error.message }, 'what a restore displaced could not be removed');
    }
  }
}

async function expireRequests({ world }: Room): Promise<void> {
  for (const status of ['pending', 'approved'] as const) {
    for (const { id } of await world.catalog.requests.list({ status })) {
      const now = world.clock.now();
      const before = await world.catalog.requests.get(id);
      if (!before || !isExpired(before, now)) continue;
      const request = await world.catalog.requests.change(id, (standing) =>
        standing.status === status && isExpired(standing, now) ? { ...standing, status: 'expired' } : undefined,
      );
      if (request.status === 'expired') await world.chat.showRequest(request, describeRequest(request));
    }
  }
}
