import type { V1VolumeAttachment } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { EffectOptions } from '../platform.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { claimsAtGates } from './gate.ts';
import { ATTACHMENT, POD } from './kinds.ts';
import { LONGHORN } from './longhorn.ts';
import { LABELS, OURS } from './names.ts';

/** How long a volume may take to leave its node after its last pod is gone, in milliseconds; by driver where it is slow. */
const DETACH_WITHIN_MS = 120_000;
const SLOW_DRIVERS: Readonly<Record<string, number>> = { [LONGHORN]: 300_000 };

/**
 * Waits until no node holds a captured volume any more: a node writes out what it has cached when the volume leaves it, not
 * when the last pod ends. Volumes that a pod of ours keeps attached are left out: a holder has them written out itself, and what
 * waits at a gate reads on the same node, past what is written out.
 * @throws OperationError `service-will-not-stop` naming volume and node.
 */
export async function awaitDetached(
  context: KubeContext,
  parts: readonly FoundPart[],
  { signal }: EffectOptions,
): Promise<void> {
  const { cluster, settings } = context;
  const kept = await keptClaims(context);
  const volumes = new Map<string, string>();
  for (const { claim, volume, backing, name, capture } of parts) {
    // The server of a folder that is copied in two passes stays up, and its volume with it.
    const behind = backing && capture !== 'two-pass' ? [backing] : [];
    for (const one of [{ claim, volume }, ...behind]) {
      const isCsi = one.volume.spec?.csi !== undefined;
      if (isCsi && !kept.has(one.claim.metadata?.name ?? '')) volumes.set(one.volume.metadata?.name ?? '', name);
    }
  }
  if (volumes.size === 0) return;
  const drivers = parts.flatMap(({ driver }) => driver ?? []);
  const driverMs = Math.max(DETACH_WITHIN_MS, ...drivers.map((driver) => SLOW_DRIVERS[driver] ?? 0));
  let left: readonly V1VolumeAttachment[] = [];
  await cluster.follow(
    ATTACHMENT,
    {},
    (attachments) => {
      left = attachments.filter(({ spec }) => volumes.has(spec.source.persistentVolumeName ?? ''));
      return left.length === 0 ? true : undefined;
    },
    { signal, withinMs: Math.min(driverMs, settings.stopWithin), late: () => staysAttached(left, volumes) },
  );
}

async function keptClaims({ cluster, namespace }: KubeContext): Promise<ReadonlySet<string>> {
  const own = await cluster.list(POD, { namespace, labels: `${LABELS.managedBy}=${OURS}` });
  const holders = own.filter(({ metadata }) => metadata?.labels?.[LABELS.role] === 'holder');
  const mounted = holders.flatMap(({ spec }) => spec?.volumes ?? []);
  const held = mounted.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  return new Set([...held, ...claimsAtGates(own)]);
}

function staysAttached(left: readonly V1VolumeAttachment[], parts: ReadonlyMap<string, string>): OperationError {
  const which = left.map(({ spec, metadata, status }) => {
    const part = parts.get(spec.source.persistentVolumeName ?? '');
    const held = metadata?.finalizers?.length ? `, held by ${metadata.finalizers.join(', ')}` : '';
    const said = status?.detachError?.message ? `: ${status.detachError.message}` : '';
    return `the volume of ${part} is still attached to node ${spec.nodeName} by ${spec.attacher}${held}${said}`;
  });
  return new OperationError('service-will-not-stop', which.join('; '), {
    hint: 'what the node has not written out is not on the volume yet; look at that node and the driver',
  });
}
