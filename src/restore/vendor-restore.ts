import type { Backup } from '../records/backup.ts';
import { hasCopy } from '../records/part.ts';
import type { RestorePlan, VendorRestore } from '../records/plan.ts';
import type { Inspection } from '../workspace/inspection.ts';
import type { VendorForesight } from '../workspace/vendor-backups.ts';

/** What a control plane would bring back of a backup; undefined when it has no part in it. */
export function makeVendorRestore(
  backup: Backup,
  { obstacle }: Inspection,
  foresight: VendorForesight | undefined,
): VendorRestore | undefined {
  const part = backup.parts.find(({ kept }) => kept !== undefined);
  if (!part?.kept) return undefined;
  const releaseAfter = foresight?.releaseAfter;
  return {
    ...{ part: part.name, crn: part.kept.crn, name: part.kept.name },
    ...(releaseAfter === undefined ? {} : { releaseAfter }),
    useStaticSubdomain: foresight?.useStaticSubdomain ?? false,
    ...(foresight?.makes ? { makes: foresight.makes } : {}),
    ...(obstacle === undefined ? {} : { noSafetyBackup: obstacle }),
  };
}

/** Its restore takes at least as long as its backup, and the safety backup is one more. `copyMs`: writing external folders. */
export function forecastVendorRestore(
  { noSafetyBackup }: VendorRestore,
  { id, downtimeMs: backupMs }: Backup,
  copyMs: number,
): RestorePlan['forecast'] {
  const times = noSafetyBackup === undefined ? 2 : 1;
  const downtimeMs = times * backupMs + copyMs;
  const twice = times === 2 ? ', twice: for the safety backup and, at least, for the restore' : ', at least';
  const basis =
    backupMs > 0
      ? `the downtime of ${id}${twice}`
      : 'nothing: the control plane does not tell how long its backup took';
  return { downtimeMs, totalMs: downtimeMs, basis };
}

/** What an approver has to know of a restore that is not ours to do. */
export function describeVendorRestore(
  { name, releaseAfter = 'one that it does not tell', useStaticSubdomain, noSafetyBackup, makes }: VendorRestore,
  { parts }: Backup,
): string[] {
  const then = parts.find(({ kept }) => kept)?.kept?.release ?? 'unknown';
  const isUpgrade = releaseAfter !== then;
  const overwriting = [
    `The control plane overwrites the whole workspace from its backup "${name}" by itself and cannot put it back.`,
    noSafetyBackup === undefined
      ? 'A safety backup is made and recorded first; it lies in the same cluster.'
      : `NO SAFETY BACKUP CAN BE MADE of what stands there now: ${noSafetyBackup}.`,
  ];
  return [
    ...(makes
      ? [`The control plane makes a new workspace ${makes.name} in ${makes.environment} from its backup "${name}".`]
      : overwriting),
    `Release at the backup: ${then}; it comes back as release ${releaseAfter}${isUpgrade ? ': THIS IS AN UPGRADE TOO' : ''}.`,
    useStaticSubdomain
      ? 'It is asked to come back under its static subdomain; if it has none, its host name changes.'
      : 'ITS HOST NAME MAY CHANGE: then its certificate, bookmarks and the addresses of models do not fit any more.',
    ...(parts.some(hasCopy) ? ['External shared folders are written while the control plane has services down.'] : []),
  ];
}
