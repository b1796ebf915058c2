import { SAFE_AGE_MS } from '../backup/judge-copies.ts';
import { writeCount } from '../chat/messages/words.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import type { Stray } from '../workspace/stray.ts';
import type { Finding } from './check-workspace.ts';
import type { Room } from './room.ts';

/** What is ours where a workspace stands, told apart by whether anybody may still need it. */
export interface Strays {
  /** Their operations are over. */
  readonly orphans: readonly Stray[];
  /** Of operations that are not known here and may be somebody else's. */
  readonly young: readonly Stray[];
}

export async function findStrays(
  room: Room,
  platform: WorkspacePlatform,
  isOpen: (operationId: string) => Promise<boolean>,
): Promise<Strays> {
  const { clock } = room.world;
  const orphans: Stray[] = [];
  const young: Stray[] = [];
  for (const stray of (await platform.strays?.()) ?? []) {
    if (await isOpen(stray.operationId)) continue;
    const isKnown = await isOnRecord(room, stray.operationId);
    const ageMs = clock.now().getTime() - Date.parse(stray.madeAt);
    (isKnown || ageMs >= SAFE_AGE_MS ? orphans : young).push(stray);
  }
  return { orphans, young };
}

/** By itself, or by the backup that it made. */
async function isOnRecord({ world: { catalog } }: Room, operationId: string): Promise<boolean> {
  if ((await catalog.operations.get(operationId)) !== undefined) return true;
  return (await catalog.backups.get(operationId.replace('op_', 'bkp_'))) !== undefined;
}

export const LEFT_BEHIND = 'left behind';

export function strayFindings({ orphans, young }: Strays): Finding[] {
  return [
    ...byOperation(orphans).map(
      ([id, what]): Finding => ({
        about: LEFT_BEHIND,
        state: 'bad',
        says: `${what}: nobody needs that, ${id} is over`,
      }),
    ),
    ...byOperation(young).map(
      ([id, what]): Finding => ({
        about: LEFT_BEHIND,
        state: 'warning',
        says: `${what}: left alone, because ${id} is not known here and less than a day old`,
      }),
    ),
  ];
}

const NAMED = 4;

/** `3 objects (Job a, Secret b, VolumeSnapshot c)` */
function byOperation(strays: readonly Stray[]): [string, string][] {
  const found = new Map<string, string[]>();
  for (const { operationId, what } of strays) found.set(operationId, [...(found.get(operationId) ?? []), what]);
  return [...found].map(([id, names]) => {
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    return [id, `${writeCount(names.length, 'object')} (${names.slice(0, NAMED).join(', ')}${more})`];
  });
}
