import type { Wish } from './cluster.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart } from './found.ts';

/** What one purpose takes. Kept as short as a review of each costs a request. */
interface Purpose {
  /** Part of a sentence: "needed to ...". */
  readonly to: string;
  /** A promise hangs on it: without it nothing is begun. */
  readonly isNeeded: boolean;
  readonly wishes: readonly Wish[];
}

export interface MissingPermissions {
  /** Sentences. */
  readonly needed: readonly string[];
  readonly useful: readonly string[];
}

const wish = (verbs: string, group: string, resource: string, namespace?: string): Wish[] => {
  const [plural = '', subresource] = resource.split('/');
  return verbs.split(' ').map((verb) => ({ verb, group, resource: plural, subresource, namespace }));
};

const SNAPSHOTS = 'snapshot.storage.k8s.io';

function backupPurposes(namespace: string): Purpose[] {
  const service = (group: string, resource: string) => wish('list patch watch', group, resource, namespace);
  return [
    needed('to stop and start services', [
      ...service('apps', 'deployments'),
      ...service('apps', 'statefulsets'),
      ...service('batch', 'cronjobs'),
    ]),
    needed('to prove that nobody writes during the cut', wish('list watch', '', 'pods')),
    needed('to find volumes and to keep them', [
      ...wish('list', '', 'persistentvolumeclaims', namespace),
      ...wish('get list patch', '', 'persistentvolumes'),
      ...wish('list', 'storage.k8s.io', 'storageclasses'),
      ...wish('list', '', 'services', namespace),
    ]),
    needed('to rehearse the start', wish('create', '', 'pods', namespace)),
    needed('to remember what was done', wish('get list create patch delete', '', 'configmaps', namespace)),
    needed('to run the guard and to copy data', [
      ...wish('get list create delete watch', 'batch', 'jobs', namespace),
      ...wish('get create patch delete', '', 'secrets', namespace),
      ...wish('get', '', 'pods/log', namespace),
      ...wish('patch', '', 'pods', namespace),
    ]),
    needed('to capture the definition', wish('list', '', 'secrets', namespace)),
    useful('to page from the cluster when we do not return', wish('create', '', 'events', namespace)),
    useful('to see that storage has let go of a volume', wish('list watch', 'storage.k8s.io', 'volumeattachments')),
    useful('to know volumes without starting anything', wish('get', '', 'nodes/proxy')),
    useful(
      'to see who would scale services up again',
      wish('list', 'autoscaling', 'horizontalpodautoscalers', namespace),
    ),
    useful(
      'to see which services are asked before pods start',
      wish('list', 'admissionregistration.k8s.io', 'validatingwebhookconfigurations'),
    ),
  ];
}

function snapshotPurpose(namespace: string): Purpose {
  return needed('to make snapshots and to read from them', [
    ...wish('list', SNAPSHOTS, 'volumesnapshotclasses'),
    ...wish('create delete watch', SNAPSHOTS, 'volumesnapshots', namespace),
    ...wish('get patch', SNAPSHOTS, 'volumesnapshotcontents'),
    ...wish('create delete', '', 'persistentvolumeclaims', namespace),
  ]);
}

function sharePurpose(namespace: string): Purpose {
  return needed('to read a share through a volume of our own, past what is cached', [
    ...wish('create delete', '', 'persistentvolumes'),
    ...wish('create delete', '', 'persistentvolumeclaims', namespace),
  ]);
}

function restorePurposes(namespace: string): Purpose[] {
  return [
    needed('to move a claim to a restored volume', [
      ...wish('create patch delete', '', 'persistentvolumeclaims', namespace),
      ...wish('create patch delete', '', 'persistentvolumes'),
    ]),
    needed('to restore from snapshots', wish('create delete', SNAPSHOTS, 'volumesnapshotcontents')),
    needed('to bring the definition back', [
      ...['configmaps', 'secrets', 'services', 'serviceaccounts'].flatMap((one) =>
        wish('create patch', '', one, namespace),
      ),
      ...['deployments', 'statefulsets', 'daemonsets'].flatMap((one) => wish('create patch', 'apps', one, namespace)),
      ...wish('create patch', 'batch', 'cronjobs', namespace),
      ...wish('create patch', 'networking.k8s.io', 'ingresses', namespace),
    ]),
  ];
}

/** Which permissions a backup of this workspace lacks, whatever its parts are like. */
export function findMissingForBackup(context: KubeContext): Promise<MissingPermissions> {
  const { namespace, settings } = context;
  const purposes = backupPurposes(namespace);
  if (settings.workloads === 'stop') purposes.push(needed("to stop people's workloads", wish('delete', '', 'pods')));
  return findMissing(context, purposes);
}

/** What these parts take beyond that. */
export function findMissingForParts(context: KubeContext, parts: readonly FoundPart[]): Promise<MissingPermissions> {
  const isSnapped = parts.some(({ capture }) => capture === 'snapshot');
  const isShared = parts.some(({ capture, nfs }) => capture !== 'snapshot' && nfs !== undefined);
  return findMissing(context, [
    ...(isSnapped ? [snapshotPurpose(context.namespace)] : []),
    ...(isShared ? [sharePurpose(context.namespace)] : []),
  ]);
}

/** Which permissions a restore lacks beyond those of a backup. Asked with the account that restores, which is another one. */
export function findMissingForRestore(context: KubeContext): Promise<MissingPermissions> {
  return findMissing(context, restorePurposes(context.namespace));
}

async function findMissing({ cluster }: KubeContext, purposes: readonly Purpose[]): Promise<MissingPermissions> {
  if (purposes.length === 0) return { needed: [], useful: [] };
  const missing = new Set((await cluster.missing(purposes.flatMap(({ wishes }) => wishes))).map(nameOf));
  const sentences = (isNeeded: boolean) =>
    purposes
      .filter((purpose) => purpose.isNeeded === isNeeded)
      .flatMap(({ to, wishes }) => {
        const lacking = wishes.filter((one) => missing.has(nameOf(one)));
        return lacking.length === 0 ? [] : [`We may not ${inWords(lacking)}: needed ${to}.`];
      });
  return { needed: sentences(true), useful: sentences(false) };
}

/** `list, patch deployments in ws1; get persistentvolumes everywhere` */
function inWords(wishes: readonly Wish[]): string {
  const verbs = new Map<string, string[]>();
  for (const { verb, resource, subresource, namespace } of wishes) {
    const object = `${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    const where = `${object} ${namespace === undefined ? 'everywhere' : `in ${namespace}`}`;
    verbs.set(where, [...(verbs.get(where) ?? []), verb]);
  }
  return [...verbs].map(([where, said]) => `${said.join(', ')} ${where}`).join('; ');
}

function nameOf({ verb, group, resource, subresource, namespace }: Wish): string {
  return [verb, group, resource, subresource, namespace].join(' ');
}

function needed(to: string, wishes: readonly Wish[]): Purpose {
  return { to, isNeeded: true, wishes };
}

function useful(to: string, wishes: readonly Wish[]): Purpose {
  return { to, isNeeded: false, wishes };
}
