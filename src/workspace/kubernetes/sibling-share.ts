import { posix } from 'node:path';
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';
import { keepClaim } from './keep-claim.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { claimNameOf, idInNames, LABELS, placePath } from './names.ts';
import { createJobRunner } from './run-job.ts';
import { volumeLabels } from './settle-volumes.ts';
import { nfsOf, overlaps, withSharePath } from './share-of.ts';
import { dropShares } from './shares.ts';

/** A folder beside the live one of a file server, shown by a volume and a claim of our own; a Job makes it. */
export async function keepSibling(context: KubeContext, operationId: string, part: FoundPart): Promise<void> {
  const live = nfsOf(part.volume)?.path ?? '';
  // A folder that was swapped in earlier has such an end itself.
  const path = `${live.replace(/\.cml-op-[0-9a-z]+$/, '')}.cml-${idInNames(operationId)}`;
  await makeFolder(context, operationId, part.name, posix.basename(live), posix.basename(path));
  const { volume, claim } = siblingOf(context, operationId, part, path);
  try {
    await context.cluster.create(VOLUME, volume);
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
  }
  await keepClaim(context, claim);
}

/** With the owner and mode of the live one; that the live one is found there proves that the mount is of its parent. */
const MAKE =
  'test -d "$1/$2" && mkdir -p "$1/$3" && chown --reference="$1/$2" "$1/$3" && chmod --reference="$1/$2" "$1/$3"';

async function makeFolder(context: KubeContext, operationId: string, part: string, live: string, name: string) {
  const place = placePath({ life: 'beside', part });
  const said = await runBeside(context, operationId, part, {
    key: `make-${part}`,
    script: MAKE,
    args: [place, live, name],
  });
  if (said === undefined) return;
  throw new OperationError('preflight-failed', `No folder can be made beside ${part}: ${said}`, {
    hint: `turn off "beside" for it (platform.parts), then it is restored in place`,
  });
}

interface Beside {
  readonly key: string;
  readonly script: string;
  readonly args: readonly string[];
}

/** Undefined when it went well, else what it said. */
async function runBeside(
  context: KubeContext,
  operationId: string,
  part: string,
  { key, script, args }: Beside,
): Promise<string | undefined> {
  const path = placePath({ life: 'beside', part });
  const needs = { places: [{ path, access: 'write' as const }] };
  const program = { key, command: 'sh', args: ['-c', script, 'sh', ...args], needs };
  const { exitCode, stderr } = await createJobRunner(context)(program, { folder: operationId });
  return exitCode === 0 ? undefined : (stderr.at(-1) ?? `exit code ${exitCode}`);
}

function siblingOf(
  context: KubeContext,
  operationId: string,
  part: FoundPart,
  path: string,
): { readonly volume: V1PersistentVolume; readonly claim: V1PersistentVolumeClaim } {
  const { namespace } = context;
  const name = claimNameOf('staged', operationId, part.name);
  const labels = volumeLabels(context, operationId, part.name, 'staged');
  const { accessModes = [], storageClassName = '', volumeMode, resources } = part.claim.spec ?? {};
  const { spec } = withSharePath(part.volume, path);
  const claimRef = { apiVersion: CLAIM.apiVersion, kind: CLAIM.kind, namespace, name };
  return {
    volume: {
      ...{ apiVersion: VOLUME.apiVersion, kind: VOLUME.kind, metadata: { name, labels } },
      spec: { ...spec, claimRef, persistentVolumeReclaimPolicy: 'Retain' },
    },
    claim: {
      ...{ apiVersion: CLAIM.apiVersion, kind: CLAIM.kind, metadata: { name, namespace, labels } },
      spec: {
        ...{ accessModes, storageClassName, volumeName: name },
        ...(volumeMode === undefined ? {} : { volumeMode }),
        resources: { requests: { ...resources?.requests } },
      },
    },
  };
}

/**
 * Removes the folder that a volume of ours shows, unless another volume shows it too or it is not said to be ours to remove:
 * then the bytes stay, and that is logged.
 */
export async function dropFolder(context: KubeContext, volume: V1PersistentVolume): Promise<void> {
  const share = nfsOf(volume);
  const { name = '', labels = {} } = volume.metadata ?? {};
  const { [LABELS.part]: part, [LABELS.operation]: operationId } = labels;
  if (share === undefined || part === undefined || operationId === undefined) return;
  const shown = (await context.cluster.list(VOLUME)).find((other) => {
    const others = nfsOf(other);
    const isOther = other.metadata?.name !== name && other.metadata?.labels?.[LABELS.role] !== 'share';
    return isOther && others !== undefined && overlaps(others, share);
  });
  const why = shown === undefined ? await removeFolder(context, operationId, part, share.path) : showsIt(shown);
  await dropShares(context, operationId);
  if (why !== undefined) context.log.warn({ part, path: share.path, why }, 'a folder of the file server is left');
}

async function removeFolder(
  context: KubeContext,
  operationId: string,
  part: string,
  path: string,
): Promise<string | undefined> {
  const place = placePath({ life: 'beside', part });
  const args = [place, posix.basename(path)];
  if (Object.values(context.settings.parts).every(({ beside }) => beside !== true))
    return 'nothing may be mounted beside';
  return runBeside(context, operationId, part, { key: `drop-${part}`, script: 'rm -rf -- "$1/$2"', args });
}

function showsIt({ metadata }: V1PersistentVolume): string {
  return `the volume ${metadata?.name} shows it too`;
}
