import { z } from 'zod';
import { isExpired } from '../approval/rules.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { isRestore } from '../records/operation.ts';

const reads = z.object({ plan: z.object({ backupId: z.string() }), source: z.object({ name: z.string() }).optional() });

/**
 * Backups that nobody may remove unasked now, with who holds them: a request that is not decided or waits for its turn, or
 * an operation that is not over and reads it, also one that brings it into another workspace.
 */
export async function heldBackups(catalog: Catalog, now: Date): Promise<Map<string, string>> {
  const asked = await catalog.requests.list({ status: ['pending', 'approved'] });
  const held = new Map<string, string>();
  for (const request of asked) if (!isExpired(request, now)) held.set(request.backupId, request.id);
  for (const operation of await openReaders(catalog)) held.set(operation.backupId, operation.id);
  return held;
}

/** An operation of another workspace that reads the repository of this one; it keeps nobody out of this workspace. */
export async function readerFromElsewhere(catalog: Catalog, workspace: string): Promise<string | undefined> {
  return (await openReaders(catalog)).find((reader) => reader.source === workspace)?.id;
}

async function openReaders(catalog: Catalog): Promise<{ id: string; backupId: string; source: string | undefined }[]> {
  const open = await catalog.operations.listOpen();
  return open
    .filter(({ kind }) => isRestore(kind))
    .flatMap(({ id, input }) => {
      const { data } = reads.safeParse(input);
      return data ? [{ id, backupId: data.plan.backupId, source: data.source?.name }] : [];
    });
}
