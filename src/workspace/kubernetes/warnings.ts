import type { V1StatefulSet } from '@kubernetes/client-node';
import type { FoundParts } from './find-parts.ts';
import type { FoundService } from './found.ts';
import type { Storage } from './read-storage.ts';
import type { ServiceOwner } from './service-owner.ts';
import type { KubernetesSettings } from './settings.ts';
import { usableClassOf } from './snapshot-class.ts';
import type { WebhookServer } from './webhook-servers.ts';
import type { Workload } from './workloads.ts';

/** What was seen of a workspace before anyone is disturbed. */
export interface Seen {
  readonly services: readonly FoundService[];
  readonly found: FoundParts;
  readonly storage: Storage;
  readonly owners: readonly ServiceOwner[];
  readonly webhooks: readonly WebhookServer[];
  readonly workloads: readonly Workload[];
}

/** Source: kubernetes.io, "Change the default StorageClass". */
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Everything that makes a promise weaker or that we are going to change, one sentence each. */
export function warningsOf(seen: Seen, settings: KubernetesSettings): string[] {
  return [
    ...ofStorage(seen, settings),
    ...ofServices(seen),
    ...ofWorkloads(seen.workloads, settings),
    ...ofWhatIsNotIn(seen.found),
  ];
}

function ofStorage({ found: { parts }, storage }: Seen, settings: KubernetesSettings): string[] {
  const defaults = storage.classes.filter(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === 'true');
  const drivers = new Set(
    parts.flatMap(({ driver, capture, filer }) => (capture === 'snapshot' && !filer ? (driver ?? []) : [])),
  );
  const dropping = [...drivers].flatMap((driver) => {
    const chosen = usableClassOf(driver, storage.snapshotClasses, settings);
    return 'usable' in chosen && chosen.usable.deletionPolicy === 'Delete' ? [chosen.usable.metadata?.name ?? ''] : [];
  });
  const notKept = parts.filter(
    ({ volume, backing }) => (backing?.volume ?? volume).spec?.persistentVolumeReclaimPolicy === 'Delete',
  );
  return [
    ...(defaults.length > 1
      ? [
          `The cluster has ${defaults.length} default storage classes: ${list(defaults.map(({ metadata }) => metadata?.name))}.`,
        ]
      : []),
    ...(dropping.length > 0
      ? [
          `Snapshots of ${list(dropping)} vanish with their objects (deletionPolicy Delete): each is kept by us while it is needed.`,
        ]
      : []),
    ...(notKept.length > 0
      ? [
          `Volumes are deleted with their claims: ${list(notKept.map(({ name }) => name))}; they are set to Retain before anything stops.`,
        ]
      : []),
    ...parts.flatMap(({ name, location, nfs }) =>
      location === 'external' && nfs
        ? [`${name} is on ${nfs.server}: whoever writes to it from outside of the cluster cannot be seen.`]
        : [],
    ),
  ];
}

function ofServices({ services, owners, webhooks }: Seen): string[] {
  const shrinking = services.filter(
    ({ kind, object }) =>
      kind === 'StatefulSet' &&
      (object as V1StatefulSet).spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete',
  );
  return [
    ...shrinking.map(
      ({ name }) =>
        `${name} deletes its volumes when it is scaled down (whenScaled: Delete): set to Retain while it is stopped.`,
    ),
    ...owners
      .filter(({ canSuspend }) => canSuspend)
      .map(({ service, what, how }) => `${service} is scaled by ${what}: ${how}.`),
    ...webhooks.map(({ service, gatesPods }) => {
      const why = gatesPods ? 'no pod of its namespaces is let in without it' : 'the API server itself asks it';
      return `${service.name} stops last and starts first, or stays up: ${why}.`;
    }),
  ];
}

const WILL_BE: Record<KubernetesSettings['workloads'], string> = {
  wait: 'they are waited for before services stop',
  stop: 'they are stopped with the services',
  refuse: 'while they run, services are not stopped',
};

function ofWorkloads(workloads: readonly Workload[], settings: KubernetesSettings): string[] {
  if (workloads.length === 0) return [];
  const kinds = new Map<string, number>();
  for (const { kind } of workloads) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const unmapped = workloads.filter(({ owner }) => owner === undefined).length;
  const said = [...kinds]
    .map(([kind, count]) => `${count} ${kind}${count === 1 || kind === 'unknown' ? '' : 's'}`)
    .join(', ');
  const how = settings.owners === undefined ? ' (platform.owners lets the database be asked)' : '';
  const owners = unmapped === 0 ? '' : `; of ${unmapped} the owner cannot be known from here${how}`;
  const known = [...new Set(workloads.flatMap(({ owner }) => owner ?? []))];
  const of = known.length === 0 ? '' : ` of ${known.slice(0, 10).join(', ')}${known.length > 10 ? ' and others' : ''}`;
  return [`People's workloads run (${said}${of}): ${WILL_BE[settings.workloads]}${owners}.`];
}

function ofWhatIsNotIn({ parts, leftOut, ofSessions }: FoundParts): string[] {
  const hasImages = [...parts, ...leftOut].some(({ name }) => name.includes('registry'));
  return [
    ...(hasImages ? [] : ['Images that people built are not in the backup: no registry keeps them in this namespace.']),
    ...(ofSessions === 0 ? [] : [`Claims of single sessions are left out: ${ofSessions}.`]),
  ];
}

/** What nobody should begin with: one sentence each. */
export function problemsOf({ owners }: Seen): string[] {
  return owners
    .filter(({ canSuspend }) => !canSuspend)
    .map(({ service, what, how }) => `${service} would be scaled up again by ${what}: ${how}.`);
}

function list(words: readonly (string | undefined)[]): string {
  return words.map((word) => word ?? '').join(', ');
}
