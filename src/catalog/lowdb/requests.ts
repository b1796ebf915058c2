import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { backupId, requestId } from '../../records/ids.ts';
import { type Request, request, restoreRequest } from '../../records/request.ts';
import { workspaceName } from '../../records/workspace.ts';
import { byAge } from '../age-cursor.ts';
import type { Catalog, RequestFilter } from '../catalog.ts';
import { createFolderIndex } from './folder-index.ts';
import { frozen } from './frozen.ts';
import { keepRecords } from './kept-records.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

const entry = z.object({
  id: requestId,
  workspace: workspaceName,
  at: z.number(),
  status: restoreRequest.shape.status,
  backupId,
});
type RequestEntry = z.infer<typeof entry>;

type LoadedRequests = Catalog['requests'] & { load(): Promise<void> };

/** Records answered are frozen. */
export function createRequests(dataFolder: string, setAside: SetAsideFolder): LoadedRequests {
  const folder = createRecordFolder<Request>({
    folder: join(dataFolder, 'requests'),
    schema: request,
    idSchema: requestId,
    setAside,
    whenLost: 'whatever it asked for has to be asked for again',
  });
  const indexFile = join(dataFolder, 'index', 'requests.jsonl');
  const read = keepRecords(folder);
  const index = createFolderIndex({ folder: { ...folder, read }, indexFile, known: request, entry, entryOf });
  const write = async (copy: Request) => {
    await folder.write(copy);
    index.put(copy);
    return frozen(copy);
  };

  return {
    load: index.load,
    known: () => index.entries(),
    get: read,
    async save(record) {
      const copy = folder.copyOf(record);
      await folder.oneAtATime(copy.id, () => write(copy));
    },
    list: (filter = {}) => index.list({ ...filter, matches: matcherOf(filter) }),
    // One owner of the data folder and one at a time here: together they make this a compare-and-set.
    async change(id, decide) {
      return folder.oneAtATime(id, async () => {
        const now = frozen(await folder.readInTurn(id));
        if (!now) throw new UserError('unknown-request', `There is no request "${id}".`);
        const next = decide(now);
        return next === undefined ? now : write(folder.copyOf(next));
      });
    },
  };
}

function entryOf({ id, workspace, askedAt, status, backupId }: Request): RequestEntry {
  return { id, workspace, at: Date.parse(askedAt), status, backupId };
}

function matcherOf({ workspace, status, backupId, after }: RequestFilter): (entry: RequestEntry) => boolean {
  const statuses = status === undefined ? undefined : [status].flat();
  return (entry) =>
    (workspace === undefined || entry.workspace === workspace) &&
    (statuses === undefined || statuses.includes(entry.status)) &&
    (backupId === undefined || entry.backupId === backupId) &&
    (after === undefined || byAge(after, entry) < 0);
}
