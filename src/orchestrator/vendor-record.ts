import { createHash } from 'node:crypto';
import type { Backup } from '../records/backup.ts';
import type { Person } from '../records/person.ts';
import type { ListedVendorBackup } from '../workspace/vendor-backups.ts';

interface AdoptedFacts {
  readonly id: string;
  readonly workspace: string;
  /** What the part is called that the control plane keeps. */
  readonly part: string;
  /** Folders that it knows nothing of. */
  readonly external: readonly string[];
  readonly now: Date;
}

const CHANCES = 36 ** 3;

/** Ids for a backup of the control plane, the likeliest first: the same ones whenever it is looked at. */
export function idsFor(crn: string, createdAt: string | undefined): string[] {
  const seconds = Math.floor((Date.parse(createdAt ?? '') || 0) / 1000);
  const time = seconds.toString(36).padStart(7, '0');
  const first = createHash('sha256').update(crn).digest().readUInt32BE(0);
  const chance = (nth: number) => ((first + nth) % CHANCES).toString(36).padStart(3, '0');
  return [0, 1, 2, 3].map((nth) => `bkp_${time}${chance(nth)}`);
}

/** The record of a backup that somebody made in the control plane's own page. Nothing of it was read by us. */
export function recordOfVendor(one: ListedVendorBackup, facts: AdoptedFacts): Backup {
  const { id, workspace, part, external, now } = facts;
  const { crn, name, status, createdAt, release, creator = 'somebody', state: _state, operationId: _none } = one;
  const created = new Date(createdAt ?? now);
  const takenAt = (Number.isNaN(created.getTime()) ? now : created).toISOString();
  const kept = { crn, name, status, ...(createdAt ? { createdAt } : {}), ...(release ? { release } : {}) };
  const sha256 = createHash('sha256')
    .update(JSON.stringify([crn, name, createdAt, creator]))
    .digest('hex');
  return {
    ...{ schema: 1, id, name, workspace, operationId: id.replace('bkp_', 'op_'), by: personOf(creator) },
    trigger: 'vendor',
    reason: `made in the control plane's own page as "${name}" by ${creator}`,
    ...{ startedAt: takenAt, takenAt, endedAt: takenAt, release: release ?? 'unknown' },
    ...{ downtimeMs: 0, durationMs: 0, files: 0, bytes: 0, addedBytes: 0 },
    ...{ definitionSha256: sha256, manifestSha256: sha256, status: 'completed' },
    parts: [
      {
        ...{ name: part, kind: 'vendor', location: 'internal', capture: 'vendor', consistent: true },
        ...{ proof: 'vendor-reported', kept, takenAt, files: 0, directories: 0, bytes: 0, unreadable: [] },
      },
    ],
    leftOut: external.map((folder) => ({
      name: folder,
      reason: 'the control plane does not back up external folders',
    })),
    warnings: ['Its size and how long services were down for it are not told by the control plane.'],
  };
}

/** The last word of a CRN such as `crn:altus:iam:us-west-1:<account>:user:ana@example.com`, as people are named here. */
function personOf(creator: string): Person {
  const word = creator.split(/[:/]/).at(-1) ?? '';
  const name = word.replace(/[^a-z0-9._@-]/gi, '-').replace(/^[^a-z0-9]+/i, '');
  return { name: name.slice(0, 63) || 'somebody', proof: 'vendor' };
}
