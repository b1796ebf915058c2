import type { Stray } from '../stray.ts';
import type { KubeContext } from './context.ts';
import { disarmGuard } from './guard.ts';
import { readNote } from './note.ts';
import { releaseOperation } from './release-operation.ts';
import { findStrays, removeStrays } from './sweep.ts';

/** Looks belong to no operation, and remove themselves what they left. */
const isLook = (operationId: string) => operationId.startsWith('look-');

/** While services are down, the operation that stopped them is needed, its guard above all. */
export async function listStrays(context: KubeContext): Promise<Stray[]> {
  const note = await readNote(context);
  const found = await findStrays(context, note === undefined ? [] : [note.operationId]);
  return found
    .filter(({ operationId }) => !isLook(operationId))
    .map(({ kind, name, operationId, madeAt }) => ({ operationId, what: `${kind.kind} ${name}`, madeAt }));
}

/** As each would have released them itself, which takes snapshots away with their bytes; then what that does not know. */
export async function dropStrays(context: KubeContext, operationIds: readonly string[]): Promise<void> {
  const listed = new Set((await listStrays(context)).map(({ operationId }) => operationId));
  for (const operationId of operationIds.filter((id) => listed.has(id))) {
    await disarmGuard(context, operationId);
    await releaseOperation(context, operationId);
  }
  const left = (await findStrays(context, [])).filter(
    ({ operationId }) => operationIds.includes(operationId) && listed.has(operationId),
  );
  await removeStrays(context, left);
}
