import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { ChosenCapture } from '../../records/workspace.ts';
import type { UsableClass } from './snapshot-class.ts';

/** What a choice is made of. */
export interface CaptureFacts {
  readonly claim: V1PersistentVolumeClaim;
  /** Undefined where no driver makes snapshots of it: NFS. */
  readonly snapshots: UsableClass | undefined;
  /** Commands for a filer's own snapshot are configured. */
  readonly filer: { readonly isShare: boolean } | undefined;
  readonly wished: ChosenCapture | undefined;
}

export interface CaptureChoice {
  readonly possible: readonly ChosenCapture[];
  readonly capture: ChosenCapture;
  readonly reason: string;
}

const WITHOUT_SNAPSHOT: readonly ChosenCapture[] = ['two-pass', 'cold', 'after-start'];

const REASONS: Record<Exclude<ChosenCapture, 'snapshot'>, string> = {
  'two-pass': 'copied while services run, then only what changed while they are down',
  cold: 'asked for: copied once, while services are down',
  'after-start': 'asked for: copied after services are up again, so it is not consistent with the rest',
};

/**
 * By default a snapshot where storage makes one, else two passes. Set up wrongly (two default classes, a class that copies
 * to a backup target) stays a snapshot that is not possible: preflight says why, and nothing slower is chosen unasked.
 */
export function chooseCapture(facts: CaptureFacts): CaptureChoice {
  const { snapshots, filer, wished } = facts;
  const isUsable = filer?.isShare ?? (snapshots !== undefined && 'usable' in snapshots);
  const isWrong =
    !isUsable && (filer !== undefined || (snapshots !== undefined && 'isWrong' in snapshots && snapshots.isWrong));
  const copied = copiesOf(facts.claim);
  const possible: ChosenCapture[] = [...(isUsable && copied.length > 0 ? ['snapshot' as const] : []), ...copied];
  const usual: ChosenCapture = isUsable || isWrong || !copied.includes('two-pass') ? 'snapshot' : 'two-pass';
  const capture = wished ?? usual;
  return { possible, capture, reason: reasonOf(capture, facts, copied) };
}

/** Copies are of files, and a pod of ours can stand beside the workspace's own unless the claim is for a single pod. */
function copiesOf({ spec }: V1PersistentVolumeClaim): readonly ChosenCapture[] {
  if (spec?.volumeMode === 'Block') return [];
  return spec?.accessModes?.includes('ReadWriteOncePod') ? ['cold'] : WITHOUT_SNAPSHOT;
}

function reasonOf(
  capture: ChosenCapture,
  { claim, snapshots, filer }: CaptureFacts,
  copied: readonly ChosenCapture[],
): string {
  if (copied.length === 0) return 'it is a raw block device without files: leave it out with a reason (leaveOut)';
  const why = snapshots !== undefined && 'why' in snapshots ? snapshots.why : undefined;
  if (capture !== 'snapshot') {
    const said = why === undefined ? '' : ` (no snapshot: ${why})`;
    return `${REASONS[capture]}${said}`;
  }
  if (filer?.isShare) return 'its filer makes snapshots by the commands that are configured';
  if (filer) return 'commands for a snapshot are for shares of a file server that is no part of the workspace';
  if (snapshots !== undefined && 'usable' in snapshots)
    return `its storage makes snapshots (class ${snapshots.usable.metadata?.name})`;
  if (why !== undefined) return why;
  const single = claim.spec?.accessModes?.includes('ReadWriteOncePod') ? ', and only one pod may mount it' : '';
  return `its storage makes no snapshots${single}`;
}
