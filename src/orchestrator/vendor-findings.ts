import type { WorkspacePlatform } from '../workspace/platform.ts';
import type { Finding } from './check-workspace.ts';
import type { Room } from './room.ts';
import { idsFor } from './vendor-record.ts';

/** How our catalog and the control plane's own differ. Changes nothing. */
export async function vendorFindings(
  { world: { catalog } }: Room,
  workspace: string,
  known: readonly { readonly id: string; readonly status: string }[],
  { vendor }: WorkspacePlatform,
): Promise<Finding[]> {
  if (!vendor) return [];
  const listed = await vendor.list();
  const present = new Map(listed.map((one) => [one.crn, one]));
  const findings: Finding[] = [];
  for (const { id, status } of known) {
    if (status !== 'completed' && status !== 'incomplete') continue;
    const kept = (await catalog.backups.get(id))?.parts.find((part) => part.kept)?.kept;
    if (!kept) continue;
    const state = present.get(kept.crn)?.state;
    present.delete(kept.crn);
    if (state === 'finished') continue;
    const says = state === undefined ? 'does not know it any more' : `says of it: ${state}`;
    findings.push({ about: id, state: 'bad', says: `the control plane ${says}: it cannot be restored whole` });
  }
  const ids = new Set(known.map(({ id }) => id));
  const open = new Set((await catalog.operations.listOpen()).map(({ id }) => id));
  for (const { crn, name, status, createdAt, operationId } of present.values()) {
    if (operationId === undefined) {
      const isKnown = idsFor(crn, createdAt).some((id) => ids.has(id));
      if (!isKnown) findings.push({ about: name, state: 'warning', says: NOT_YET });
    } else if (!open.has(operationId) && !ids.has(operationId.replace('op_', 'bkp_'))) {
      const says = `the control plane keeps a backup (${status}) that ${operationId} asked for and none of ours names; delete it in its own page, or add it with: cml catalog rebuild ${workspace}`;
      findings.push({ about: name, state: 'warning', says });
    }
  }
  return findings;
}

const NOT_YET = "was made in the control plane's own page and is not in the catalog yet; that is looked at every hour";
