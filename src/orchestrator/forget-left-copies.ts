import { rm } from 'node:fs/promises';
import { isAppError } from '../errors.ts';
import type { Operation } from '../records/operation.ts';
import { judgeMade } from './check-catalog.ts';
import type { Room } from './room.ts';

/** Operations looked after in one go. */
const AT_ONCE = 20;
/** A repository that is away is not asked again before, in milliseconds. */
const PAUSE_MS = 600_000;
/** A repository that does not answer is not waited for longer, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Remembers an ended operation whose own removal of its copies failed, because the repository was away. */
export async function noteLeftCopies({ world: { catalog, log } }: Room, operation: Operation): Promise<void> {
  const { id, workspace, journal } = operation;
  if (!journal.some((event) => event.type === 'ensure-failed' && event.step === 'release')) return;
  try {
    await catalog.marks.change(workspace, (now) => ({ ...now, leftCopies: [...new Set([...now.leftCopies, id])] }));
  } catch (error) {
    if (!isAppError(error)) throw error;
    log.warn({ operation: id, error: error.message }, 'its copies are dropped by `cml catalog check --remove` only');
  }
}

/**
 * Drops the copies of such operations once the repository answers again: only copies that carry the tag of one of them, and
 * that no backup names. Dropping may be repeated, so an operation is struck off after its copies are gone.
 */
export function createLeftCopies(room: Room): (workspace: string) => Promise<void> {
  const askedAt = new Map<string, number>();
  const { catalog, clock, log, newId, portsFor } = room.world;

  async function forget(workspace: string, leftBy: readonly string[]): Promise<void> {
    const { mover } = portsFor(room.settingsOf(workspace));
    const folder = await room.folderOf(newId('op'));
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const copies = await mover.list(leftBy, { folder, key: 'list-left', signal });
      const orphans: string[] = [];
      const settled = new Set<string>();
      for (const id of leftBy) {
        const judged = await judgeMade(
          room,
          id,
          copies.filter(({ tags }) => tags.includes(id)),
        );
        orphans.push(...judged.orphans.map((copy) => copy.id));
        if (judged.kind !== 'left alone') settled.add(id);
      }
      // Alone with the repository: a copy that an operation makes meanwhile would find it held.
      if (orphans.length > 0) {
        await room.claim(workspace, 'tidying up', () => mover.forget(orphans, { folder, key: 'forget-left', signal }));
        log.info({ workspace, orphans }, 'copies that failed operations left were dropped');
      }
      await catalog.marks.change(workspace, (now) => ({
        ...now,
        leftCopies: now.leftCopies.filter((id) => !settled.has(id)),
      }));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  return async (workspace) => {
    const { leftCopies } = await catalog.marks.get(workspace);
    const now = clock.now().getTime();
    if (leftCopies.length === 0 || now - (askedAt.get(workspace) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return;
    askedAt.set(workspace, now);
    await forget(workspace, leftCopies.slice(0, AT_ONCE));
  };
}
