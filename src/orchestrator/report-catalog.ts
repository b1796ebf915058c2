import { createHash } from 'node:crypto';
import { catalogDiffers } from '../chat/messages/repository-kept.ts';
import { explain, isAppError } from '../errors.ts';
import { type CatalogCheck, checkCatalog } from './check-catalog.ts';
import type { Room } from './room.ts';

/**
 * Compares catalog and repository, and tells people what does not fit: once for the same findings, since the message of
 * the same key is only replaced. Removes nothing.
 */
export async function reportCatalog(room: Room, workspace: string): Promise<CatalogCheck> {
  const check = await checkCatalog(room, workspace);
  const bad = check.findings.filter(({ state }) => state === 'bad').map(({ about, says }) => `${about}: ${says}`);
  if (bad.length === 0) return check;
  const sum = createHash('sha256').update(bad.join('\n')).digest('hex').slice(0, 12);
  const isRemovable = check.orphans.length + check.strays.length > 0;
  const message = catalogDiffers({ key: `${workspace}:catalog:${sum}`, workspace, findings: bad, isRemovable });
  try {
    await room.world.chat.post(message);
  } catch (error) {
    if (!isAppError(error)) throw error;
    // What was found stands until the next look, which says it again; nothing else waits for the chat.
    room.world.log.warn(
      { workspace, error: explain(error) },
      'nobody could be told that catalog and repository differ',
    );
  }
  return check;
}
