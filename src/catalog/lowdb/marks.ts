import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { type WorkspaceMarks, workspaceMarks } from '../../records/marks.ts';
import { workspaceName } from '../../records/workspace.ts';
import type { Catalog } from '../catalog.ts';
import { frozen } from './frozen.ts';
import { createRecordFolder } from './record-folder.ts';
import type { SetAsideFolder } from './set-aside.ts';

/** One small document for each workspace that has any. Records answered are frozen. */
export function createMarks(dataFolder: string, setAside: SetAsideFolder, clock: Clock): Catalog['marks'] {
  const folder = createRecordFolder<WorkspaceMarks>({
    folder: join(dataFolder, 'marks'),
    schema: workspaceMarks,
    idSchema: workspaceName,
    setAside,
    whenLost: 'retention stays off until a person confirms the catalog',
  });

  /** Marks that cannot be read may have said that retention is off, so it is. */
  async function readInTurn(workspace: string): Promise<WorkspaceMarks> {
    const none: WorkspaceMarks = { schema: 1, id: workspace, leftCopies: [] };
    const stood = folder.has(workspace);
    const found = await folder.readInTurn(workspace);
    if (found || !stood) return found ?? none;
    const because = 'what was remembered of the workspace could not be read';
    const careful: WorkspaceMarks = { ...none, retentionOff: { since: clock.now().toISOString(), because } };
    await folder.write(careful);
    return careful;
  }

  return {
    get: (workspace) => folder.oneAtATime(workspace, async () => frozen(await readInTurn(workspace))),
    change: (workspace, decide) =>
      folder.oneAtATime(workspace, async () => {
        const now = frozen(await readInTurn(workspace));
        const next = decide(now);
        if (next === undefined) return now;
        const copy = folder.copyOf(next);
        await folder.write(copy);
        return frozen(copy);
      }),
  };
}
