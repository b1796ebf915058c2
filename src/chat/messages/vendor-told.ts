import type { Message } from '../chat.ts';
import { writeCount, writeMoment } from './words.ts';

interface LeavingFacts {
  readonly workspace: string;
  /** Since when that is known. */
  readonly since: string;
  readonly standing: 'is being removed' | 'is gone';
  /** Backups of which the control plane keeps a part. */
  readonly backups: number;
}

/** The control plane keeps its backups where the workspace stands, and no longer than it. */
export function workspaceLeaves({ workspace, since, standing, backups }: LeavingFacts): Message {
  const which = writeCount(backups, 'backup');
  const what =
    standing === 'is gone'
      ? `${which} of it cannot be restored any more, except for the external folders in our repository`
      : `${which} of it ${backups === 1 ? 'lives' : 'live'} in its cluster only and ${backups === 1 ? 'goes' : 'go'} with it, except for the external folders in our repository`;
  return {
    key: `leaves:${workspace}:${since}`,
    workspace,
    tone: 'bad',
    text: `${workspace} ${standing.toUpperCase()}, as its control plane says: ${what}. If that is not meant, stop it in the control plane's own page now.`,
    actions: [{ word: 'list', given: { workspace }, label: 'Show its backups' }],
  };
}

/** It stands again, or another one of its name does. */
export function workspaceStands(workspace: string, since: string): Message {
  return {
    key: `leaves:${workspace}:${since}:over`,
    workspace,
    tone: 'good',
    text: `${workspace} stands again, as its control plane says; since ${writeMoment(since)} it was being removed. See which of its backups are left: cml catalog check ${workspace}`,
  };
}
