import { UserError } from '../errors.ts';
import type { Backup } from '../records/backup.ts';
import type { WorkspacePlatform } from '../workspace/platform.ts';
import type { VendorForesight } from '../workspace/vendor-backups.ts';

/**
 * What the control plane would make of it; undefined where it has no part in the backup.
 * @throws UserError `bad-input` where it cannot be brought back that way.
 */
export async function foreseeVendor(
  backup: Backup,
  { vendor }: WorkspacePlatform,
  into: string | undefined,
): Promise<VendorForesight | undefined> {
  const kept = backup.parts.find((part) => part.kept)?.kept;
  if (!kept && !vendor) return undefined;
  if (!kept) {
    const target = into ?? backup.workspace;
    const says = `A control plane runs ${target} and holds nothing of ${backup.id}, so it cannot be brought back there.`;
    throw new UserError('bad-input', says, { hint: `Its own backups: cml list ${target}` });
  }
  if (!vendor) {
    throw new UserError('bad-input', `Only a control plane can bring ${backup.id} back, and none is configured.`, {
      hint: `Configure ${backup.workspace} with "platform: { kind: cdp, ... }".`,
    });
  }
  const found = await vendor.find(kept.crn);
  if (found?.state === 'finished') {
    const foresight = await vendor.foreseeRestore();
    if (into === undefined || foresight.makes) return foresight;
    throw new UserError(
      'bad-input',
      `${into} stands already; a control plane brings ${backup.id} into a new one only.`,
      {
        hint: `Configure one that it does not have yet, by environment and name, or restore ${backup.workspace} itself.`,
      },
    );
  }
  const says = found ? `says of it: ${found.status}` : 'does not know it any more';
  throw new UserError('backup-incomplete', `${backup.id} cannot be restored: the control plane ${says}.`, {
    hint: `See the others: cml list ${backup.workspace}`,
  });
}
