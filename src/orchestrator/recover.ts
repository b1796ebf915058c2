import { z } from 'zod';
import { writeKind } from '../chat/messages/words.ts';
import { isAppError } from '../errors.ts';
import { mayHaveServicesDown, type RunningOperation } from '../operation/run-operation.ts';
import type { Operation } from '../records/operation.ts';
import { startWaiting } from './decide.ts';
import type { Room } from './room.ts';
import { storyOf } from './stories.ts';

/**
 * Takes up every operation that an earlier life left open: unwinds or resumes it from its own copy of the configuration.
 * Called before the present configuration is looked at, before the catalog is opened, before any door opens.
 */
export async function recover(room: Room): Promise<readonly RunningOperation[]> {
  const open = await room.world.catalog.operations.listOpen();
  const taken: RunningOperation[] = [];
  for (const operation of open) {
    try {
      taken.push(await room.launch(operation, { isSaved: true }));
    } catch (cause) {
      if (!(cause instanceof z.ZodError)) throw cause;
      await reportUnfit(room, operation, cause);
    }
  }
  return taken;
}

/** One record that does not fit this version must not keep all others, and the doors, closed; its guard still stands. */
async function reportUnfit({ world }: Room, operation: Operation, cause: unknown): Promise<void> {
  const { id, workspace, kind } = operation;
  world.log.error({ operation: id, cause }, 'an open operation does not fit this version');
  const text = `${workspace}: the ${writeKind(kind)} ${id} was left open by another version of cml and cannot be taken up. If its services are down: cml start ${workspace}`;
  try {
    await world.chat.page({ key: `${id}:unfit`, workspace, operationId: id, tone: 'bad', text });
  } catch (error) {
    if (!isAppError(error)) throw error;
    world.log.error({ operation: id, error: error.message }, 'nobody could be paged');
  }
}

/** Once the doors are open: restores that were approved and had to wait get their turn, now and after every end. */
export async function takeTurns(room: Room): Promise<void> {
  const start = async (workspace: string) => {
    try {
      await startWaiting(room, workspace);
    } catch (error) {
      if (!isAppError(error)) throw error;
      room.world.log.warn({ workspace, error: error.message }, 'an approved restore could not be started yet');
    }
  };
  room.onEnd((workspace) => void start(workspace).catch(room.world.onBug));
  for (const workspace of Object.keys(room.world.workspaces)) await start(workspace);
}

/** Services of this operation are stopped, or about to be, and nobody but us starts them. */
function needsUs(running: RunningOperation): boolean {
  const operation = running.operation();
  const story = storyOf[operation.kind];
  if (!mayHaveServicesDown(story, operation)) return false;
  // What goes well without us is followed by the next life; what failed, or is called off, is brought to its end here.
  const hasFailed = operation.journal.some(({ type }) => type === 'step-failed' || type === 'cancelled');
  return hasFailed || !story.stopsServices?.isFollowed?.(operation);
}

/**
 * The process must end: services that are down are brought up first; nothing stops any more, and everything else waits
 * in its journal for the next life.
 */
export async function wrapUp(room: Room): Promise<void> {
  room.close();
  for (const running of room.running()) running.hold();
  // One whose end cannot be written goes on waiting for room; it has done what it could.
  const told = new Set<RunningOperation>();
  for (;;) {
    const down = room.running().filter((running) => needsUs(running) && !told.has(running));
    if (down.length === 0) return;
    for (const running of down) running.interrupt();
    await Promise.all(down.map((running) => running.ended));
    for (const running of down) told.add(running);
  }
}
