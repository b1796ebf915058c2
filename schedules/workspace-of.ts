import type { Scheduled } from '../src/schedule/schedule.ts';

/** The configuration offers what is done to a workspace under that workspace only. */
export function workspaceOf({ id, workspace }: Scheduled): string {
  if (workspace === undefined) throw new TypeError(`the schedule ${id} names no workspace`);
  return workspace;
}
