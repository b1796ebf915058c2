import type { KubernetesObject, V1PersistentVolumeClaim, V1StorageClass } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { RunProgram } from '../../program.ts';
import { type Counted, readCounts } from '../../records/counted.ts';
import type { EffectOptions } from '../platform.ts';
import type { StagedPart } from '../swaps.ts';
import type { KubeContext } from './context.ts';
import { countRestored } from './count-rows.ts';
import { dropPlaces } from './drop-places.ts';
import { findParts, partNameOf } from './find-parts.ts';
import { keepClaim } from './keep-claim.ts';
import { CLAIM, type Kind } from './kinds.ts';
import { claimNameOf, MOUNTS, placePath } from './names.ts';
import { bytesOf } from './quantity.ts';
import { readStorage } from './read-storage.ts';
import { volumeLabels } from './settle-volumes.ts';
import { unlessForbidden } from './unless-forbidden.ts';

/** A file system needs some of its volume itself, and rounds every file up. */
const OVERHEAD = 1.3;
const LEAST_BYTES = 2 ** 30;
/** No driver makes a larger volume. */
const LARGEST_BYTES = 64 * 2 ** 40;

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

interface StorageCapacity extends KubernetesObject {
  readonly storageClassName: string;
  readonly capacity?: string;
  readonly maximumVolumeSize?: string;
}

/** What drivers say they have left. Source: kubernetes.io, Storage Capacity. */
export const CAPACITY: Kind<StorageCapacity> = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  namespaced: true,
};

/**
 * New empty volumes for parts that are only looked at, of the class that the live bytes have, else of the default one.
 * @throws OperationError `preflight-failed` when there is no room for them.
 */
export async function makeScratch(
  context: KubeContext,
  operationId: string,
  parts: readonly { readonly name: string; readonly bytes: number }[],
): Promise<StagedPart[]> {
  await dropPlaces(context, operationId, 'scratch');
  const classNameOf = await readClasses(context);
  const wanted = parts.map(({ name, bytes }) => {
    const size = Math.ceil(Math.max(bytes * OVERHEAD, LEAST_BYTES) / 2 ** 20) * 2 ** 20;
    return { name, size, className: classNameOf(name) };
  });
  await assertRoom(context, wanted);
  for (const one of wanted) await keepClaim(context, scratchClaim(context, operationId, one));
  return parts.map(({ name }) => ({
    part: name,
    path: placePath({ life: 'scratch', operationId, part: name }),
    isRoot: true,
  }));
}

interface Wanted {
  readonly name: string;
  readonly size: number;
  readonly className: string;
}

/**
 * The class for a part's scratch volume. A server in the workspace makes its volumes on the very volume that the live folder is
 * on, and would fill it up: the class of what it lies on is taken instead.
 */
async function readClasses(context: KubeContext): Promise<(part: string) => string> {
  const storage = await readStorage(context);
  const backed = (await findParts(context, storage)).parts.filter(({ backing }) => backing !== undefined);
  const served = new Set(backed.map(({ claim }) => claim.spec?.storageClassName));
  const classes = storage.classes.filter(({ metadata }) => !served.has(metadata?.name));
  const { parts: configured } = context.settings;
  return (name) => {
    const live = storage.claims.find((claim) => partNameOf(claim, configured[claim.metadata?.name ?? '']) === name);
    return classFor(backed.find((part) => part.name === name)?.backing?.claim ?? live, classes);
  };
}

function classFor(live: V1PersistentVolumeClaim | undefined, classes: readonly V1StorageClass[]): string {
  const made = classes.filter(({ provisioner }) => provisioner !== 'kubernetes.io/no-provisioner');
  const found =
    made.find(({ metadata }) => metadata?.name === live?.spec?.storageClassName) ??
    made.find(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === 'true') ??
    made[0];
  if (found) return found.metadata?.name ?? '';
  throw new OperationError(
    'preflight-failed',
    'No storage class of this cluster makes volumes to bring a backup back to.',
  );
}

async function assertRoom({ cluster }: KubeContext, wanted: readonly Wanted[]): Promise<void> {
  const said = (await cluster.serves(CAPACITY)) ? ((await unlessForbidden(cluster.list(CAPACITY))) ?? []) : [];
  for (const { name, size, className } of wanted) {
    const ofClass = said.filter(({ storageClassName }) => storageClassName === className);
    const limits = ofClass.map(({ maximumVolumeSize, capacity }) => bytesOf(maximumVolumeSize ?? capacity));
    const limit = ofClass.length === 0 ? LARGEST_BYTES : Math.min(LARGEST_BYTES, Math.max(...limits));
    if (size <= limit) continue;
    throw new OperationError('preflight-failed', `There is no room to bring ${name} back beside the workspace.`, {
      hint: `it needs a volume of ${writeGi(size)}; the class ${className} makes none larger than ${writeGi(limit)}`,
    });
  }
}

function writeGi(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 30)} GiB`;
}

function scratchClaim(
  context: KubeContext,
  operationId: string,
  { name, size, className }: Wanted,
): V1PersistentVolumeClaim {
  return {
    apiVersion: CLAIM.apiVersion,
    kind: CLAIM.kind,
    metadata: {
      name: claimNameOf('scratch', operationId, name),
      namespace: context.namespace,
      labels: volumeLabels(context, operationId, name, 'scratch'),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: className,
      resources: { requests: { storage: `${size / 2 ** 20}Mi` } },
    },
  };
}

export function releaseScratch(context: KubeContext, operationId: string): Promise<void> {
  return dropPlaces(context, operationId, 'scratch');
}

/** Each check finds its parts through CML_SCRATCH, one folder for each part by its name. */
export async function runChecks(
  context: KubeContext,
  run: RunProgram,
  operationId: string,
  scratch: readonly StagedPart[],
  folder: string,
  { signal }: EffectOptions = {},
): Promise<Counted[]> {
  const { checks } = context.settings;
  const found: Counted[] = [];
  for (const [index, { name, command }] of checks.entries()) {
    const [program = '', ...args] = command;
    const lines: string[] = [];
    const { exitCode, stderr } = await run(
      {
        key: `check-${index}`,
        command: program,
        args,
        env: { CML_OPERATION: operationId, CML_SCRATCH: `${MOUNTS}/scratch/${operationId}` },
        needs: { places: scratch.map(({ path }) => ({ path, access: 'write' as const })) },
      },
      { folder, onLine: (line) => lines.push(line), ...(signal ? { signal } : {}) },
    );
    if (exitCode === 0) {
      found.push({ check: name, counts: readCounts(lines) });
      continue;
    }
    const said = stderr.at(-1) ?? `exit code ${exitCode}`;
    throw new OperationError('check-failed', `the check ${name} does not accept what came back: ${said}`, {
      hint: 'look at what it says of the backup; the backup stays as it is',
    });
  }
  return [...found, ...(await countRestored({ context, run, scratch, folder, signal }))];
}
