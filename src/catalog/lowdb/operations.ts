import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../../durable-file.ts';
import { isAppError } from '../../errors.ts';
import { giveRoom, keepRoom } from '../../kept-room.ts';
import { operationId } from '../../records/ids.ts';
import { type Operation, operation } from '../../records/operation.ts';
import { workspaceName } from '../../records/workspace.ts';
import { byAge } from '../age-cursor.ts';
import type { Catalog, OperationFilter } from '../catalog.ts';
import { systemCodeOf, translated } from './failure.ts';
import { createFolderIndex } from './folder-index.ts';
import { createRecordFolder, type RecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';
import { firstOf } from './sorted-entries.ts';

/** Journals are long: of an ended operation only this is read when it is met for the first time. */
const summary = operation.pick({ id: true, workspace: true, startedAt: true });
const entry = z.object({ id: operationId, workspace: workspaceName, at: z.number() });
type Summary = z.infer<typeof summary>;
type OperationEntry = z.infer<typeof entry>;

/** Several journals with all their steps; a write needs the room of a second copy. */
const ROOM_BYTES = 1024 * 1024;

/**
 * Open operations have a folder of their own, read straight from the disk each time. An operation stands in one folder
 * only: it is closed by one rename, so that no crash leaves it in both or in none. Records answered belong to the caller.
 */
export function createOperations(
  dataFolder: string,
  setAside: SetAsideFolder,
): Catalog['operations'] & { load(): Promise<void> } {
  const shape = { schema: operation, idSchema: operationId, setAside };
  const open = createRecordFolder<Operation>({
    ...shape,
    folder: join(dataFolder, 'operations', 'open'),
    whenLost: 'it cannot be recovered: services it stopped are started by its guard or by `cml start <workspace>`',
  });
  const ended = createRecordFolder<Operation>({ ...shape, folder: join(dataFolder, 'operations', 'ended') });
  const room = join(dataFolder, 'operations', 'room');
  const indexFile = join(dataFolder, 'index', 'operations.jsonl');
  const index = createFolderIndex({ folder: ended, indexFile, known: summary, entry, entryOf });

  const listOpen = async () => (await readAll(open)).sort((one, other) => byAge(entryOf(other), entryOf(one)));
  const get = async (id: string): Promise<Operation | undefined> => (await open.read(id)) ?? (await ended.read(id));

  /** Newest first. One that was closed between the two looks is in both, and counts once. */
  async function find({
    workspace,
    after,
    limit = Number.POSITIVE_INFINITY,
  }: OperationFilter): Promise<OperationEntry[]> {
    const isWanted = (entry: OperationEntry) =>
      (workspace === undefined || entry.workspace === workspace) && (after === undefined || byAge(after, entry) < 0);
    const running = (await listOpen()).map(entryOf).filter(isWanted);
    const closed = firstOf(await index.entries(workspace), isWanted, limit);
    return [...new Map([...closed, ...running].map((found) => [found.id, found])).values()].sort(byAge).slice(0, limit);
  }

  return {
    load: index.load,
    listOpen,
    known: () => find({}),
    get,
    async save(record, { toEnd } = { toEnd: false }) {
      const copy = open.copyOf(record);
      const write = () => (ended.has(copy.id) && !open.has(copy.id) ? ended : open).write(copy);
      await open.oneAtATime(copy.id, async () => {
        const isNew = !open.has(copy.id) && !ended.has(copy.id);
        if (isNew) await translated('keep room for ends', () => keepRoomIn(room));
        try {
          await write();
        } catch (error) {
          const isFull = isAppError(error) && error.code === 'disk-full';
          if (!isFull || !toEnd || !(await giveRoom(room))) throw error;
          await write();
        }
      });
    },
    async close(id) {
      if (!operationId.safeParse(id).success) return;
      await open.oneAtATime(id, async () => {
        await translated(`close ${id}`, () => moveOver(id, open, ended));
        const closed = await ended.readAs(id, summary);
        if (closed) index.put(closed);
      });
    },
    async list(filter = {}) {
      const found = await Promise.all((await find(filter)).map(({ id }) => get(id)));
      return found.filter((record) => record !== undefined);
    },
  };
}

function entryOf({ id, workspace, startedAt }: Summary): OperationEntry {
  return { id, workspace, at: Date.parse(startedAt) };
}

async function keepRoomIn(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await keepRoom(path, ROOM_BYTES);
}

async function readAll(folder: RecordFolder<Operation>): Promise<Operation[]> {
  const found: Operation[] = [];
  for await (const ids of folder.ids()) {
    for (const id of ids) {
      const record = await folder.read(id);
      if (record) found.push(record);
    }
  }
  return found;
}

async function moveOver(id: string, open: RecordFolder<Operation>, ended: RecordFolder<Operation>): Promise<void> {
  await open.ensure();
  await ended.ensure();
  try {
    await rename(open.pathOf(id), ended.pathOf(id));
  } catch (cause) {
    // Moved before: perhaps by a life that died before it could make the move durable.
    if (systemCodeOf(cause) !== 'ENOENT') throw cause;
  }
  await syncFolder(dirname(ended.pathOf(id)));
  await syncFolder(dirname(open.pathOf(id)));
}
