import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../durable-file.ts';
import { isAppError } from '../../errors.ts';
import { giveRoom, keepRoom } from '../../kept-room.ts';
import { operationId } from '../../records/ids.ts';
import { type Operation, operation } from '../../records/operation.ts';
import type { Catalog } from '../catalog.ts';
import { systemCodeOf, translated } from './failure.ts';
import { createFolderIndex } from './folder-index.ts';
import { createRecordFolder, type RecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** Journals are long: of an ended operation only this stays in memory. */
const summary = operation.pick({ id: true, workspace: true, startedAt: true });

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
  const index = createFolderIndex(ended, summary, (entry) => entry.startedAt);

  const listOpen = async () => (await readMany(open, await open.ids())).sort(byAge);
  const get = async (id: string): Promise<Operation | undefined> => (await open.read(id)) ?? (await ended.read(id));

  return {
    load: index.load,
    listOpen,
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
      await open.oneAtATime(id, () => translated(`close ${id}`, () => moveOver(id, open, ended)));
      await index.refresh(id);
    },
    async list({ workspace, limit } = {}) {
      const matches = (entry: { workspace: string }) => workspace === undefined || entry.workspace === workspace;
      const closed = await index.list(matches, limit);
      const newestFirst = union(closed, (await listOpen()).filter(matches)).slice(0, limit);
      const found = await Promise.all(newestFirst.map(({ id }) => get(id)));
      return found.filter((record) => record !== undefined);
    },
  };
}

async function keepRoomIn(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await keepRoom(path, ROOM_BYTES);
}

type Aged = Pick<Operation, 'id' | 'startedAt'>;

/** Newest first. One that was closed between the two looks is in both, and counts once. */
function union(closed: readonly Aged[], open: readonly Aged[]): Aged[] {
  return [...new Map([...closed, ...open].map((entry) => [entry.id, entry])).values()].sort((a, b) => byAge(b, a));
}

function byAge(a: Aged, b: Aged): number {
  return Date.parse(a.startedAt) - Date.parse(b.startedAt) || (a.id < b.id ? -1 : 1);
}

async function readMany(folder: RecordFolder<Operation>, ids: readonly string[]): Promise<Operation[]> {
  const found: Operation[] = [];
  for (const id of ids) {
    const record = await folder.read(id);
    if (record) found.push(record);
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
