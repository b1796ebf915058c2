import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { copiesOf } from '../backup/delete-plan.ts';
import { SAFE_AGE_MS } from '../backup/judge-copies.ts';
import { writeCount } from '../chat/messages/words.ts';
import { operationId } from '../records/ids.ts';
import type { Finding } from './check-workspace.ts';
import type { Room } from './room.ts';

/** Backups that say they can be restored and cannot. */
export async function lostFindings(
  { world: { catalog } }: Room,
  known: readonly { readonly id: string; readonly status: string }[],
  present: ReadonlySet<string>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { id } of known.filter(({ status }) => status === 'completed' || status === 'incomplete')) {
    const backup = await catalog.backups.get(id);
    if (backup?.status !== 'completed' && backup?.status !== 'incomplete') continue;
    const lost = [...new Set(copiesOf(backup))].filter((copy) => !present.has(copy));
    if (lost.length === 0) continue;
    const which = writeCount(lost.length, 'copy', 'copies');
    const says = `${which} of this ${backup.status} backup are not in the repository: it cannot be restored whole`;
    findings.push({ about: id, state: 'bad', says });
  }
  return findings;
}

/** Half-deleted backups that nothing is going to finish. */
export async function deletingFindings({ world: { catalog }, runningIn }: Room, workspace: string): Promise<Finding[]> {
  const deleting = await catalog.backups.list({ workspace, status: 'deleting' });
  const findings: Finding[] = [];
  for (const { id } of deleting) {
    const asked = await catalog.requests.list({ backupId: id, status: ['pending', 'approved'] });
    if (asked.length > 0 || runningIn(workspace)?.operation().kind === 'delete') continue;
    findings.push({ about: id, state: 'bad', says: `is half deleted; finish it with: cml delete ${id}` });
  }
  return findings;
}

export async function markFindings({ world: { catalog } }: Room, workspace: string): Promise<Finding[]> {
  const { retentionOff, reread } = await catalog.marks.get(workspace);
  const setAside = (await catalog.setAside()).map(
    ({ file, reason }): Finding => ({ about: 'set aside', state: 'bad', says: `${file}: ${reason}` }),
  );
  const damage = (reread?.damaged ?? []).map(({ at, backups }): Finding => {
    const which = backups.length === 0 ? 'of which backups could not be told' : `needed by ${backups.join(', ')}`;
    return { about: 'damage', state: 'bad', says: `data in the repository is damaged since ${at}, ${which}` };
  });
  if (!retentionOff) return [...setAside, ...damage];
  const says = `retention is off since ${retentionOff.since}: ${retentionOff.because}; look at the backups, then: cml catalog confirm ${workspace}`;
  return [...setAside, ...damage, { about: 'retention', state: 'warning', says }];
}

export function noteFindings(room: Room, notedBy: string | undefined): Finding[] {
  if (notedBy === undefined || room.running().some((one) => one.operation().id === notedBy)) return [];
  return [{ about: 'services', state: 'bad', says: `were stopped by ${notedBy}, which is over; see: cml status` }];
}

/** Folders that belong to no operation on record; those of failed ones stay for who looks into the failure. */
export async function folderFindings({ world }: Room): Promise<Finding[]> {
  const { catalog, clock, workFolder } = world;
  const nobodys: string[] = [];
  for (const name of (await readdir(workFolder)).filter((name) => operationId.safeParse(name).success)) {
    const found = await stat(join(workFolder, name)).catch(() => undefined); // it may have been removed meanwhile
    // A younger one may be in use by a word that makes no record.
    if (!found || clock.now().getTime() - found.mtimeMs < SAFE_AGE_MS) continue;
    if (!(await catalog.operations.get(name))) nobodys.push(name);
  }
  if (nobodys.length === 0) return [];
  return [{ about: 'folders', state: 'warning', says: `of no operation, in ${workFolder}: ${nobodys.join(', ')}` }];
}
