import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { requestId } from '../../records/ids.ts';
import { type Request, request } from '../../records/request.ts';
import type { Catalog } from '../catalog.ts';
import { createFolderIndex } from './folder-index.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

type LoadedRequests = Catalog['requests'] & { load(): Promise<void> };

/** Records answered are frozen: they are the index's own. */
export function createRequests(dataFolder: string, setAside: SetAsideFolder): LoadedRequests {
  const folder = createRecordFolder<Request>({
    folder: join(dataFolder, 'requests'),
    schema: request,
    idSchema: requestId,
    setAside,
    whenLost: 'whatever it asked for has to be asked for again',
  });
  const index = createFolderIndex(folder, request, (record) => record.askedAt);
  const get = async (id: string) => index.get(id) ?? index.refresh(id);
  const write = async (copy: Request) => {
    await folder.write(copy);
    return index.put(copy);
  };

  return {
    load: index.load,
    get,
    async save(record) {
      const copy = folder.copyOf(record);
      await folder.oneAtATime(copy.id, () => write(copy));
    },
    list: ({ workspace, status } = {}) =>
      index.list(
        (record) => (workspace ?? record.workspace) === record.workspace && (status ?? record.status) === record.status,
      ),
    // One owner of the data folder and one at a time here: together they make this a compare-and-set.
    async change(id, decide) {
      await get(id);
      return folder.oneAtATime(id, async () => {
        const now = index.get(id);
        if (!now) throw new UserError('unknown-request', `There is no request "${id}".`);
        const next = decide(now);
        return next === undefined ? now : write(folder.copyOf(next));
      });
    },
  };
}
