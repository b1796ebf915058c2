import { isAppError } from '../errors.ts';
import type { OpenedFile } from '../mover/mover.ts';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import { notThere, openBackup, type ReadingRoom } from './browse-backup.ts';
import { readPathInBackup } from './path-in-backup.ts';
import type { Reading } from './readers.ts';
import type { Room } from './room.ts';

export interface FileWish {
  readonly backup: string;
  /** `projects/alice/notes.ipynb` */
  readonly path: string;
}

export interface FoundFile {
  readonly backup: Backup;
  readonly path: string;
  /** The last name of its path. */
  readonly name: string;
  readonly bytes: number;
}

export interface Download extends FoundFile {
  /** Breaks off with an error when it cannot be read to its end. */
  readonly body: ReadableStream<Uint8Array>;
}

export async function findFile(
  world: ReadingRoom,
  person: Person,
  wish: FileWish,
  leave?: AbortSignal,
): Promise<FoundFile> {
  const { reading, found } = await openFile(world, person, wish, leave);
  reading.end();
  return found;
}

export async function downloadFile(
  world: ReadingRoom,
  person: Person,
  wish: FileWish,
  leave?: AbortSignal,
): Promise<Download> {
  const { reading, found, opened } = await openFile(world, person, wish, leave);
  try {
    await noteDownload(world.room, person, found);
    return { ...found, body: await streamOf(world.room, found, opened, reading) };
  } catch (error) {
    reading.end();
    throw error;
  }
}

async function openFile(
  { room, readers }: ReadingRoom,
  person: Person,
  { backup: wanted, path: said }: FileWish,
  leave: AbortSignal | undefined,
): Promise<{ readonly reading: Reading; readonly found: FoundFile; readonly opened: OpenedFile }> {
  const { backup, mover } = await openBackup(room, person, wanted);
  const { copyId, pathInCopy, path } = readPathInBackup(backup, said);
  const reading = readers.begin(leave);
  try {
    const opened = await mover.openFile(copyId, pathInCopy, { signal: reading.signal });
    const name = path.slice(path.lastIndexOf('/') + 1);
    return { reading, opened, found: { backup, path, name, bytes: opened.bytes } };
  } catch (error) {
    reading.end();
    throw notThere(error, backup, path);
  }
}

/** Read as it is asked for. What fails from the start is said; what fails later breaks it off, and stands in the log. */
async function streamOf(
  { world }: Room,
  { backup: { id }, path }: FoundFile,
  opened: OpenedFile,
  reading: Reading,
): Promise<ReadableStream<Uint8Array>> {
  const pieces = opened.read()[Symbol.asyncIterator]();
  let next = await pieces.next();
  return new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        reading.goesOn();
        try {
          if (next.done) {
            reading.end();
            return stream.close();
          }
          stream.enqueue(next.value);
          next = await pieces.next();
        } catch (err) {
          reading.end();
          if (!isAppError(err)) world.onBug(err);
          world.log.warn({ backup: id, path, err }, 'a download was broken off');
          stream.error(err);
        }
      },
      async cancel() {
        reading.end();
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

async function noteDownload({ world }: Room, person: Person, { backup, path, bytes }: FoundFile): Promise<void> {
  const at = world.clock.now().toISOString();
  const { id: subject, workspace } = backup;
  const file = { path, bytes };
  await world.catalog.audit.append({ at, by: person, did: 'downloaded', workspace, subject, file });
}
