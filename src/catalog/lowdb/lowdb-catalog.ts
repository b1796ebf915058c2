import { type Clock, systemClock } from '../../clock.ts';
import type { Catalog } from '../catalog.ts';
import { createActivity } from './activity.ts';
import { createAudit } from './audit.ts';
import { createBackups } from './backups.ts';
import { createMarks } from './marks.ts';
import { createOperations } from './operations.ts';
import { createRequests } from './requests.ts';
import { createSchedules } from './schedules.ts';
import { createSetAsideFolder } from './set-aside.ts';

/**
 * The catalog in a folder that this process owns: one small document per record. What cannot be read is moved to
 * `set-aside/` and named by every `open` until someone takes it away from there.
 */
export function createLowdbCatalog({ folder, clock = systemClock }: { folder: string; clock?: Clock }): Catalog {
  const setAside = createSetAsideFolder(folder, clock);
  const operations = createOperations(folder, setAside);
  const backups = createBackups(folder, setAside);
  const requests = createRequests(folder, setAside);

  return {
    operations,
    backups,
    requests,
    marks: createMarks(folder, setAside, clock),
    activity: createActivity(folder, setAside),
    schedules: createSchedules(folder, setAside),
    audit: createAudit(folder),
    setAside: () => setAside.list(),
    async open() {
      await backups.load();
      await requests.load();
      await operations.load();
      return { setAside: await setAside.list() };
    },
  };
}
