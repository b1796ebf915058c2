import { join } from 'node:path';
import { type Activity, activity } from '../../records/activity.ts';
import { workspaceName } from '../../records/workspace.ts';
import type { Catalog } from '../catalog.ts';
import { frozen } from './frozen.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** One small document for each workspace that was looked at. Records answered are frozen. */
export function createActivity(dataFolder: string, setAside: SetAsideFolder): Catalog['activity'] {
  const folder = createRecordFolder<Activity>({
    folder: join(dataFolder, 'activity'),
    schema: activity,
    idSchema: workspaceName,
    setAside,
    whenLost: 'quiet hours are suggested again once enough hours were looked at',
  });
  const readInTurn = async (workspace: string): Promise<Activity> =>
    frozen((await folder.readInTurn(workspace)) ?? { schema: 1, id: workspace, weeks: [] });

  return {
    get: (workspace) => folder.oneAtATime(workspace, () => readInTurn(workspace)),
    change: (workspace, decide) =>
      folder.oneAtATime(workspace, async () => {
        const copy = folder.copyOf(decide(await readInTurn(workspace)));
        await folder.write(copy);
        return frozen(copy);
      }),
  };
}
