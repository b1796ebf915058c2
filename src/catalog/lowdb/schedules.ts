import { join } from 'node:path';
import { z } from 'zod';
import { type ScheduleState, scheduleId, scheduleState } from '../../records/schedule-state.ts';
import type { Catalog } from '../catalog.ts';
import { frozen } from './frozen.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** An id has a slash, which no file name may have; neither a workspace nor a schedule has a dot. */
const fileId = z.string().refine((id) => scheduleId.safeParse(idOf(id)).success);
const stored = scheduleState.extend({ id: fileId });

const OF_ALL = '_';

function fileOf(id: string): string {
  const [workspace, name] = id.split('/');
  return `${workspace || OF_ALL}.${name}`;
}

function idOf(file: string): string {
  const [workspace, ...name] = file.split('.');
  return `${workspace === OF_ALL ? '' : workspace}/${name.join('.')}`;
}

/** One small document for each schedule that was ever looked at. Records answered are frozen. */
export function createSchedules(dataFolder: string, setAside: SetAsideFolder): Catalog['schedules'] {
  const folder = createRecordFolder<ScheduleState>({
    folder: join(dataFolder, 'schedules'),
    schema: stored,
    idSchema: fileId,
    setAside,
    whenLost: 'a pause or a skipped slot has to be said again',
  });
  const readInTurn = async (id: string): Promise<ScheduleState> => {
    const found = await folder.readInTurn(fileOf(id));
    return frozen(found ? { ...found, id } : { schema: 1 as const, id, missed: [] });
  };

  return {
    get: (id) => folder.oneAtATime(fileOf(id), () => readInTurn(id)),
    async list() {
      const found: ScheduleState[] = [];
      for await (const files of folder.ids()) {
        for (const file of files) {
          const state = await folder.read(file);
          if (state) found.push(frozen({ ...state, id: idOf(file) }));
        }
      }
      return found.sort((one, other) => (one.id < other.id ? -1 : 1));
    },
    change: (id, decide) =>
      folder.oneAtATime(fileOf(id), async () => {
        const now = await readInTurn(id);
        const next = decide(now);
        if (next === undefined) return now;
        const copy = folder.copyOf({ ...next, id: fileOf(scheduleId.parse(id)) });
        await folder.write(copy);
        return frozen({ ...copy, id });
      }),
  };
}
