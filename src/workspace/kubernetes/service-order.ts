import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import type { FoundService } from './found.ts';

/** What people see and what creates or scales others goes first. Source: reference/cloudera.md 4.3. */
export const FIRST = ['web', 'api', 'cron', 'ds-reconciler', 'ds-operator'];

const REST = '*';

const NFS_PORT = 2049;

/**
 * Services in the order in which they stop; they start the other way round. What is not named stands where `*` is, or
 * after all that are: user-facing ones and reconcilers, all others, stateful ones, `db`, and at the very end what serves a
 * shared folder, because everything else has it mounted.
 */
export function inStopOrder(services: readonly FoundService[], wished: readonly string[] = []): FoundService[] {
  const restAt = wished.includes(REST) ? wished.indexOf(REST) : wished.length;
  const place = (service: FoundService): [number, number, string] => {
    const at = wished.indexOf(service.name);
    return at >= 0 ? [at, 0, ''] : [restAt, usualPlace(service), service.name];
  };
  return services
    .map((service) => ({ service, place: place(service) }))
    .sort((one, other) => compare(one.place, other.place))
    .map(({ service }) => service);
}

function usualPlace(service: FoundService): number {
  const first = FIRST.indexOf(service.object.metadata?.name ?? '');
  if (first >= 0) return first;
  const others = FIRST.length;
  if (servesFiles(templateOf(service))) return others + 3;
  if (service.kind !== 'StatefulSet') return others;
  return service.object.metadata?.name === 'db' ? others + 2 : others + 1;
}

function compare(one: readonly [number, number, string], other: readonly [number, number, string]): number {
  return one[0] - other[0] || one[1] - other[1] || one[2].localeCompare(other[2], 'en');
}

export function templateOf({ kind, object }: Pick<FoundService, 'kind' | 'object'>): V1PodTemplateSpec | undefined {
  const { spec } = object;
  if (spec === undefined) return undefined;
  return kind === 'CronJob' && 'jobTemplate' in spec
    ? spec.jobTemplate.spec?.template
    : 'template' in spec
      ? spec.template
      : undefined;
}

/** Has a claim of its own and gives it out: it listens where NFS does, or is told to make volumes under a name. */
export function servesFiles(template: V1PodTemplateSpec | undefined): boolean {
  const { volumes = [], containers = [] } = template?.spec ?? {};
  if (!volumes.some((volume) => volume.persistentVolumeClaim !== undefined)) return false;
  return containers.some(
    (container) =>
      container.ports?.some(({ containerPort }) => containerPort === NFS_PORT) ||
      provisionersOf({ spec: { containers: [container] } }).length > 0,
  );
}

/** Under which names its containers make volumes, as the usual provisioners are told. */
export function provisionersOf(template: V1PodTemplateSpec | undefined): string[] {
  return (template?.spec?.containers ?? []).flatMap(({ args = [], command = [], env = [] }) => [
    ...[...command, ...args].flatMap((arg) => /^--?provisioner=(.+)$/.exec(arg)?.[1] ?? []),
    ...env.flatMap(({ name, value }) => (name === 'PROVISIONER_NAME' && value !== undefined ? [value] : [])),
  ]);
}
