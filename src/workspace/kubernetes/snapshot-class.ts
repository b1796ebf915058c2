import type { VolumeSnapshotClass } from './kinds.ts';
import { LONGHORN } from './longhorn.ts';
import type { KubernetesSettings } from './settings.ts';

/** Source: kubernetes-csi/external-snapshotter, pkg/utils/util.go. */
const DEFAULT_CLASS = 'snapshot.storage.k8s.io/is-default-class';
const DEFAULT_CLASS_OLD = 'snapshot.storage.kubernetes.io/is-default-class';

export type UsableClass =
  | { readonly usable: VolumeSnapshotClass }
  /** `isWrong`: somebody wants snapshots and set them up in a way that cannot work; nothing else is chosen silently. */
  | { readonly why: string; readonly isWrong: boolean };

/**
 * Which class makes snapshots of a driver's volumes: the configured one, else the driver's default one, else its only one.
 * Never guessed: a snapshot with another driver's class stays without status and error for ever (reference/kube-traces),
 * two defaults make every snapshot fail, and Longhorn's copies to a backup target are ready only after an upload.
 */
export function usableClassOf(
  driver: string,
  classes: readonly VolumeSnapshotClass[],
  settings: Pick<KubernetesSettings, 'snapshotClasses'>,
): UsableClass {
  const configured = settings.snapshotClasses[driver];
  const own = classes.filter((one) => one.driver === driver);
  if (configured !== undefined) return configuredClass(configured, driver, classes);
  const defaults = own.filter(isDefault);
  if (defaults.length > 1)
    return wrong(`${driver} has ${defaults.length} default snapshot classes (${namesOf(defaults)})`);
  if (own.length === 0) return { why: `no snapshot class is there for ${driver}`, isWrong: false };
  const [chosen] = defaults.length === 1 ? defaults : own;
  if (defaults.length === 0 && own.length > 1)
    return wrong(
      `${driver} has ${own.length} snapshot classes (${namesOf(own)}), none of them the default or configured`,
    );
  return chosen === undefined ? wrong(`no snapshot class is there for ${driver}`) : fitting(chosen);
}

function configuredClass(name: string, driver: string, classes: readonly VolumeSnapshotClass[]): UsableClass {
  const found = classes.find(({ metadata }) => metadata?.name === name);
  if (!found) return wrong(`the configured snapshot class ${name} is not there`);
  if (found.driver !== driver)
    return wrong(`the configured snapshot class ${name} is for ${found.driver}, not ${driver}`);
  return fitting(found);
}

/** Longhorn's `type`: `snap` stays in the cluster, `bak` goes to a backup target, and so does none at all. */
function fitting(found: VolumeSnapshotClass): UsableClass {
  const type = found.parameters?.type ?? '';
  if (found.driver !== LONGHORN || type === 'snap') return { usable: found };
  const said = type === '' ? 'has no type, which means a copy' : `has the type ${type}, which means a copy`;
  return wrong(`the snapshot class ${found.metadata?.name} ${said} to Longhorn's backup target; set type: snap`);
}

function isDefault({ metadata }: VolumeSnapshotClass): boolean {
  return [DEFAULT_CLASS, DEFAULT_CLASS_OLD].some((key) => metadata?.annotations?.[key] === 'true');
}

function namesOf(classes: readonly VolumeSnapshotClass[]): string {
  return classes.map(({ metadata }) => metadata?.name ?? '').join(', ');
}

function wrong(why: string): UsableClass {
  return { why, isWrong: true };
}
