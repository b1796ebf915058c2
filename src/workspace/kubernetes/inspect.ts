import type { V1Pod } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { Inspection, PartState } from '../inspection.ts';
import type { EffectOptions } from '../platform.ts';
import { isSibling, whyNotBeside } from './beside.ts';
import { asRestorer, type KubeContext } from './context.ts';
import { countParts } from './count-parts.ts';
import { type FoundParts, findParts } from './find-parts.ts';
import { findServices } from './find-services.ts';
import type { FoundPart } from './found.ts';
import { NAMESPACE } from './kinds.ts';
import { withoutLeftPaths } from './left-paths.ts';
import { listLivePods } from './live-pods.ts';
import { whyHeldAttached } from './longhorn.ts';
import { LEAVE_LABEL, placePath } from './names.ts';
import { readNote } from './note.ts';
import { findOwners } from './owners.ts';
import {
  findMissingForBackup,
  findMissingForParts,
  findMissingForRestore,
  type MissingPermissions,
} from './permissions.ts';
import { readStorage, type Storage } from './read-storage.ts';
import { blocking, type Refusal, rehearse } from './rehearse.ts';
import { releaseOf } from './release.ts';
import { assertReleaseBundle } from './release-bundle.ts';
import { whyNotWithin } from './stage-paths.ts';
import { unlessForbidden } from './unless-forbidden.ts';
import type { Usage, Walker } from './usage.ts';
import { problemsOf, type Seen, warningsOf } from './warnings.ts';
import { findWebhookServers } from './webhook-servers.ts';
import { withOwners } from './workload-owners.ts';
import { findWorkloads, type Workload } from './workloads.ts';

export interface InspectWish extends EffectOptions {
  readonly count?: boolean;
  readonly since?: string;
  readonly toRestore?: 'asked' | 'approved';
  /** Where trees are walked that no statistics tell of; without it their numbers are not known, and that is said. */
  readonly walker?: Walker;
}

/**
 * Looks at a workspace before anyone is disturbed. Permissions are only asked for with `count`, the full look: each is a
 * request of its own.
 * @throws OperationError `preflight-failed` naming everything that nobody should begin with.
 */
export async function inspectWorkspace(context: KubeContext, wish: InspectWish = {}): Promise<Inspection> {
  await assertNamespace(context);
  if (wish.count) assertImage(context);
  if (wish.toRestore) await assertReleaseBundle(context);
  const permissions = wish.count ? await findMissingForBackup(context) : { needed: [], useful: [] };
  const toRestore = wish.toRestore === 'approved' ? await findMissingForRestore(asRestorer(context)) : { needed: [] };
  refuse([...permissions.needed, ...toRestore.needed]);
  const [services, storage, pods, note] = await Promise.all([
    findServices(context),
    readStorage(context),
    listLivePods(context.cluster),
    readNote(context),
  ]);
  const all = await findParts(context, storage);
  const found = { ...all, parts: await withoutLeftPaths(context, all.parts) };
  const seen: Seen = {
    ...{ services, found, storage },
    owners: await findOwners(context, services),
    webhooks: await findWebhookServers(context, services),
    workloads: await workloadsIn(context, pods, wish),
  };
  const starts = wish.count ? await rehearseRunning(context, services) : [];
  const isRestore = wish.toRestore !== undefined;
  const lacking = wish.count ? await missingForParts(context, seen) : { needed: [], useful: [] };
  refuse([...lacking.needed, ...blocking(starts, isRestore), ...problemsOf(seen)]);
  const broken = isRestore ? starts.filter(({ isOwnDoing }) => isOwnDoing).map(({ said }) => said) : [];
  const needRoom = found.parts.filter((part) => isSibling(part, context.settings));
  const counted = await countParts(context, found.parts, { ...wish, pods, needRoom });
  return {
    release: releaseOf(services, context.settings),
    services: services.map(({ name, replicas, ready }) => ({
      name,
      running: replicas > 0,
      ready: replicas > 0 && ready,
    })),
    parts: [
      ...found.parts.map((part) =>
        stateOf(part, counted.usage.get(part.name), { storage, wish, settings: context.settings }),
      ),
      ...found.missing.map(absent),
    ],
    leftOut: [...found.leftOut],
    workloads: seen.workloads.map(({ kind, owner }) => ({ kind: kind === 'unknown' ? 'program' : kind, owner })),
    warnings: [
      ...warningsOf(seen, context.settings),
      ...(await heldWarnings(context, found)),
      ...counted.warnings,
      ...permissions.useful,
      ...lacking.useful,
    ],
    ...(broken.length === 0 ? {} : { broken }),
    ...(note === undefined ? {} : { notedBy: note.operationId }),
  };
}

async function heldWarnings(context: KubeContext, { parts }: FoundParts): Promise<string[]> {
  const why = await whyHeldAttached(
    context,
    parts.filter(({ capture }) => capture === 'snapshot'),
  );
  return why === undefined
    ? []
    : [
        `Pods of ours keep Longhorn's volumes in use during the cut: before 1.5 it takes no snapshot of others, and ${why}.`,
      ];
}

/** What would go wrong later, as far as the server says so when it is asked. */
function rehearseRunning(context: KubeContext, services: Seen['services']): Promise<Refusal[]> {
  return rehearse(
    context,
    services.filter(({ replicas }) => replicas > 0),
  );
}

function missingForParts(context: KubeContext, { found }: Seen): Promise<MissingPermissions> {
  return findMissingForParts(
    context,
    found.parts.filter((part) => part.possible.includes(part.capture)),
  );
}

interface Look {
  readonly storage: Storage;
  readonly wish: InspectWish;
  readonly settings: KubeContext['settings'];
}

function stateOf(part: FoundPart, usage: Usage | undefined, { storage, wish, settings }: Look): PartState {
  const { name, kind, location, capture, reason, possible, exclude } = part;
  const { files = 0, bytes = 0, writtenSince } = usage ?? {};
  const notBeside = whyNotBeside(part, storage.classes, settings);
  const storageClass = (part.backing?.claim ?? part.claim).spec?.storageClassName;
  const notWithin = whyNotWithin(part);
  return {
    ...{ name, kind, location, capture, reason, possible, exclude: [...exclude] },
    path: placePath({ life: 'live', part: name }),
    ...(wish.count ? { files, bytes } : { files: 0, bytes: 0 }),
    ...(notBeside === undefined ? {} : { notBeside }),
    ...(notWithin === undefined ? {} : { notWithin }),
    ...(storageClass ? { storageClass } : {}),
    freeBytes: roomOf(part, usage, settings, notBeside !== undefined),
    present: true,
    // Times are from the clocks of nodes and filers.
    hasOwnClock: false,
    ...(wish.since === undefined || writtenSince === undefined ? {} : { writtenSince }),
  };
}

/** What is built beside is a volume of its own, except beside a folder of a file server. */
function roomOf(
  part: FoundPart,
  usage: Usage | undefined,
  settings: KubeContext['settings'],
  isInPlace: boolean,
): number {
  if (isSibling(part, settings)) return usage?.freeBytes ?? 0;
  return (isInPlace ? usage?.freeBytes : undefined) ?? Number.MAX_SAFE_INTEGER;
}

function absent({ name, reason }: FoundParts['missing'][number]): PartState {
  return {
    ...{ name, kind: 'volume', location: 'internal', capture: 'snapshot', reason, possible: [], exclude: [] },
    ...{ path: reason, files: 0, bytes: 0, freeBytes: 0, present: false },
  };
}

/** Their owners are asked for only where somebody will read of them. */
async function workloadsIn(context: KubeContext, pods: readonly V1Pod[], { count }: InspectWish): Promise<Workload[]> {
  const found = await findWorkloads(context, pods);
  return count ? withOwners(context, found) : found;
}

async function assertNamespace({ cluster, namespace }: KubeContext): Promise<void> {
  const found = await unlessForbidden(cluster.read(NAMESPACE, namespace).then((one) => one ?? 'absent'));
  if (found === 'absent')
    refuse([`There is no namespace ${namespace} on this cluster.`], {
      hint: 'look at the namespace, the kubeconfig and its context (platform.namespace, .kubeconfig, .context)',
    });
  else if (found?.metadata?.labels?.[LEAVE_LABEL] === 'true')
    refuse([`${namespace} is labelled ${LEAVE_LABEL}.`], { hint: 'whoever labelled it wants it left alone' });
}

function assertImage({ image }: KubeContext): void {
  if (image === '')
    refuse(['No image is known for movers and the guard.'], {
      hint: 'name it by platform.movers.image, or in the variable CML_IMAGE',
    });
}

const MAY_NOT = 'nobody was disturbed; docs/kubernetes.md says what each permission is for';

function refuse(problems: readonly string[], { hint }: { hint?: string } = {}): void {
  if (problems.length === 0) return;
  const isAboutRights = problems.some((problem) => problem.startsWith('We may not'));
  const sentences = problems.map((problem) => problem.replace(/\.?$/, '.'));
  throw new OperationError('preflight-failed', sentences.join(' '), {
    hint: hint ?? (isAboutRights ? MAY_NOT : 'nobody was disturbed'),
  });
}
