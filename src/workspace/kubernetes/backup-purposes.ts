import { needed, type Purpose, useful, wish } from './purpose.ts';

const SNAPSHOTS = 'snapshot.storage.k8s.io';

/** What a backup takes whatever its parts are like; a test holds it against what one uses. */
export function backupPurposes(namespace: string): Purpose[] {
  return [...neededPurposes(namespace), ...usefulPurposes(namespace)];
}

function neededPurposes(namespace: string): Purpose[] {
  const service = (group: string, resource: string) => wish('get list patch watch', group, resource, namespace);
  return [
    needed('to stop and start services', [
      ...service('apps', 'deployments'),
      ...service('apps', 'statefulsets'),
      ...service('batch', 'cronjobs'),
    ]),
    needed('to prove that nobody writes during the cut', wish('list watch', '', 'pods')),
    needed('to find volumes and to keep them', [
      ...wish('get list', '', 'persistentvolumeclaims', namespace),
      ...wish('get list patch', '', 'persistentvolumes'),
      ...wish('list', 'storage.k8s.io', 'storageclasses'),
      ...wish('list', '', 'services', namespace),
    ]),
    needed('to rehearse the start', wish('create', '', 'pods', namespace)),
    needed('to remember what was done', wish('get list create patch delete', '', 'configmaps', namespace)),
    needed('to run the guard and to copy data', [
      ...wish('get list create delete watch', 'batch', 'jobs', namespace),
      ...wish('get list watch create patch delete', '', 'secrets', namespace),
      ...wish('get', '', 'pods/log', namespace),
      ...wish('patch', '', 'pods', namespace),
    ]),
    needed('to capture the definition', [
      ...wish('list', '', 'serviceaccounts', namespace),
      ...wish('list', '', 'limitranges', namespace),
      ...wish('list', '', 'resourcequotas', namespace),
      ...wish('list', 'apps', 'daemonsets', namespace),
      ...wish('list', 'networking.k8s.io', 'ingresses', namespace),
      ...wish('list', 'networking.k8s.io', 'networkpolicies', namespace),
      ...wish('list', 'rbac.authorization.k8s.io', 'roles', namespace),
      ...wish('list', 'rbac.authorization.k8s.io', 'rolebindings', namespace),
    ]),
  ];
}

function usefulPurposes(namespace: string): Purpose[] {
  return [
    useful('to capture the whole definition', wish('list', 'policy', 'poddisruptionbudgets', namespace)),
    useful('to know the namespace, its labels and its SELinux level', wish('get', '', 'namespaces', namespace)),
    useful('to page from the cluster when we do not return', wish('create', '', 'events', namespace)),
    useful('to say why something in the cluster does not go on', wish('list', '', 'events', namespace)),
    useful('to see that storage has let go of a volume', wish('list watch', 'storage.k8s.io', 'volumeattachments')),
    useful('to see whether there is room', wish('list', 'storage.k8s.io', 'csistoragecapacities')),
    useful('to know volumes without starting anything', wish('get', '', 'nodes/proxy')),
    useful(
      'to see who would scale services up again',
      wish('list', 'autoscaling', 'horizontalpodautoscalers', namespace),
    ),
    useful('to see which services are asked before pods start', [
      ...wish('list', 'admissionregistration.k8s.io', 'validatingwebhookconfigurations'),
      ...wish('list', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations'),
      ...wish('list', 'apiregistration.k8s.io', 'apiservices'),
    ]),
  ];
}

/** Where an autoscaler of KEDA may stand. */
export function kedaPurpose(namespace: string): Purpose {
  return useful('to hold autoscalers of KEDA still', wish('get list patch', 'keda.sh', 'scaledobjects', namespace));
}

export function argoPurpose(): Purpose {
  return useful('to see what Argo CD would scale up again', wish('list', 'argoproj.io', 'applications'));
}

/** Which Longhorn it is decides whether its volumes have to be held attached. */
export function longhornPurpose(): Purpose {
  const [setting] = wish('get', 'longhorn.io', 'settings', 'longhorn-system');
  const name = 'current-longhorn-version';
  return useful(
    'to know whether this Longhorn makes snapshots of what nobody uses',
    setting ? [{ ...setting, name }] : [],
  );
}

export function snapshotPurpose(namespace: string): Purpose {
  return needed('to make snapshots and to read from them', [
    ...wish('list', SNAPSHOTS, 'volumesnapshotclasses'),
    ...wish('get list create delete watch', SNAPSHOTS, 'volumesnapshots', namespace),
    ...wish('get list patch', SNAPSHOTS, 'volumesnapshotcontents'),
    ...wish('create delete', '', 'persistentvolumeclaims', namespace),
  ]);
}

export function sharePurpose(namespace: string): Purpose {
  return needed('to read a share through a volume of our own, past what is cached', [
    ...wish('create delete', '', 'persistentvolumes'),
    ...wish('create delete', '', 'persistentvolumeclaims', namespace),
  ]);
}

/** What the account of the guard takes: it starts services when nobody else does. */
export function guardPurposes(namespace: string): Purpose[] {
  const service = (group: string, resource: string) => wish('get list watch patch', group, resource, namespace);
  return [
    needed('to start services when the server does not return', [
      ...service('apps', 'deployments'),
      ...service('apps', 'statefulsets'),
      ...service('batch', 'cronjobs'),
      ...wish('get list', '', 'pods', namespace),
      ...wish('get list', '', 'persistentvolumeclaims', namespace),
      ...wish('get list patch', '', 'persistentvolumes'),
    ]),
    needed('to know what ran, and to be told when to act', [
      ...wish('get list create patch delete', '', 'configmaps', namespace),
      ...wish('get list watch patch delete', '', 'secrets', namespace),
      ...wish('get', 'batch', 'jobs', namespace),
    ]),
    useful('to have programs let go of volumes that services need', wish('list delete', 'batch', 'jobs', namespace)),
    useful('to page from the cluster', wish('create', '', 'events', namespace)),
  ];
}
