import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { recordsOf } from './ledger.ts';

/** 128 + SIGKILL. */
const KILLED = 137;

export interface KilledContainer {
  readonly pod: string;
  readonly container: string;
  readonly claims: readonly string[];
  readonly why: 'killed' | 'not-seen-to-end';
}

/** Section `killed` of an operation: by part, who did not end by itself when services stopped. */
const killedParts = z.record(z.string(), z.array(z.string()));
export type KilledByPart = Readonly<Record<string, readonly string[]>>;

/**
 * Watches pods on their way out. A container that heeds no SIGTERM is killed when its grace is over and has flushed nothing;
 * so may one whose pod was removed by force before anybody saw it end.
 */
export function watchEndings(): { see(pods: readonly V1Pod[]): void; killed(): KilledContainer[] } {
  const running = new Map<string, KilledContainer>();
  const killed = new Map<string, KilledContainer>();
  return {
    see(pods) {
      const present = new Set<string>();
      for (const pod of pods) {
        for (const status of pod.status?.containerStatuses ?? []) {
          const key = `${pod.metadata?.uid}/${status.name}`;
          present.add(key);
          const one = { pod: pod.metadata?.name ?? '', container: status.name, claims: claimsOf(pod, status.name) };
          if (status.state?.running) running.set(key, { ...one, why: 'not-seen-to-end' });
          if (status.state?.terminated) running.delete(key);
          const isLeaving = pod.metadata?.deletionTimestamp !== undefined;
          if (isLeaving && isKilled(status)) killed.set(key, { ...one, why: 'killed' });
        }
      }
      for (const [key, one] of running) {
        if (present.has(key)) continue;
        running.delete(key);
        killed.set(key, one);
      }
    },
    killed: () => [...killed.values()],
  };
}

function isKilled({ state }: V1ContainerStatus): boolean {
  return state?.terminated?.exitCode === KILLED;
}

function claimsOf({ spec }: V1Pod, name: string): string[] {
  const mounts = spec?.containers.find((container) => container.name === name)?.volumeMounts ?? [];
  return (spec?.volumes ?? []).flatMap(({ name: volume, persistentVolumeClaim }) =>
    persistentVolumeClaim && mounts.some((mount) => mount.name === volume && !mount.readOnly)
      ? [persistentVolumeClaim.claimName]
      : [],
  );
}

/** Why parts are only as consistent as after a crash; added to what is known of earlier waves. */
export function blameParts(
  before: KilledByPart,
  killed: readonly KilledContainer[],
  parts: readonly FoundPart[],
): KilledByPart {
  const said: Record<string, readonly string[]> = { ...before };
  for (const { pod, container, claims, why } of killed) {
    const sentence =
      why === 'killed'
        ? `the container ${container} of ${pod} did not end within its grace and was killed`
        : `the pod ${pod} was removed before its container ${container} was seen to end`;
    for (const { name, claim, backing } of parts) {
      const own = [claim, backing?.claim].map((one) => one?.metadata?.name ?? '');
      if (own.some((one) => claims.includes(one))) said[name] = [...(said[name] ?? []), sentence];
    }
  }
  return said;
}

export async function writeKilled(context: KubeContext, operationId: string, killed: KilledByPart): Promise<void> {
  await recordsOf(context).write(operationId, 'killed', killed);
}

export async function readKilled(context: KubeContext, operationId: string): Promise<KilledByPart> {
  return (await recordsOf(context).read(operationId, 'killed', killedParts)) ?? {};
}
