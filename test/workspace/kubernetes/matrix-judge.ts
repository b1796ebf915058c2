import { join } from 'node:path';
import { expect } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { SERVED } from '../../fakes/kube-api/kinds-served.ts';
import { eventually, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { compare, type Tree, walk } from '../../walker.ts';
import type { MatrixWorld, Scenario } from './matrix-world.ts';

export const DEFINED = 'settings-of-the-workspace';

/** What stands in the cluster, whatever any journal says. */
export interface Picture {
  readonly services: readonly string[];
  /** Reclaim policy of the volume behind each claim of the workspace. */
  readonly policies: readonly string[];
  readonly volumes: number;
  /** Claims that are not bound. */
  readonly unbound: readonly string[];
  /** What stands in an object that every definition holds; empty where there is none. */
  readonly definition: string;
  readonly trees: Readonly<Record<string, Tree>>;
}

export async function pictureOf({ lab: { store }, layout }: MatrixWorld): Promise<Picture> {
  const walked = layout.parts.map(async ({ name }) => [name, await layout.walk(name)] as const);
  return {
    services: [kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.CRON_JOB]
      .flatMap((kind) => store.list(kind, WORKSPACE))
      .map(({ metadata, spec }) => `${metadata.name} ${spec.replicas ?? spec.suspend}`)
      .sort(),
    policies: store
      .list(kinds.CLAIM, WORKSPACE)
      .map(({ metadata, spec }) => {
        const policy = store.get(kinds.VOLUME, spec.volumeName)?.spec.persistentVolumeReclaimPolicy;
        return `${metadata.name} ${policy}`;
      })
      .sort(),
    volumes: store.list(kinds.VOLUME).length,
    unbound: store
      .list(kinds.CLAIM, WORKSPACE)
      .filter(({ metadata, status }) => status?.phase !== 'Bound' || metadata.deletionTimestamp !== undefined)
      .map(({ metadata }) => metadata.name),
    definition: store.get(kinds.CONFIG_MAP, DEFINED, WORKSPACE)?.data?.text ?? '',
    trees: Object.fromEntries(await Promise.all(walked)),
  };
}

/** What we made, and what we wrote on what others made. */
export function leftovers({ lab: { store } }: MatrixWorld): string[] {
  return SERVED.flatMap(({ kind }) =>
    store.list(kind).flatMap(({ metadata }) => {
      const notes = Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('cml-backup/'));
      const isOurs = metadata.labels?.[LABELS.managedBy] === OURS;
      if (kind === kinds.EVENT || (!isOurs && notes.length === 0)) return [];
      return [`${kind.kind} ${metadata.name} ${isOurs ? 'ours' : notes.join(' ')}`];
    }),
  );
}

export async function untilNothingIsLeft(world: MatrixWorld): Promise<void> {
  await eventually(world.lab, 30_000, () => {
    const left = leftovers(world);
    return left.length === 0 ? undefined : `left over: ${left.join(', ')}`;
  });
}

export function differences(one: Picture['trees'], other: Picture['trees']): string[] {
  return Object.entries(one).flatMap(([part, tree]) =>
    compare(tree, other[part] as Tree).map((difference) => `${part}: ${difference}`),
  );
}

/** Services up with what they had, policies as they were; the data is judged by whoever knows what it should be. */
export async function expectServicesAsBefore(world: MatrixWorld, before: Picture): Promise<Picture> {
  await world.layout.allUp(30_000);
  const after = await pictureOf(world);
  expect(after.services).toEqual(before.services);
  return after;
}

export async function expectAsBefore(world: MatrixWorld, before: Picture): Promise<Picture> {
  const after = await expectServicesAsBefore(world, before);
  await untilNothingIsLeft(world);
  const { policies, volumes } = await pictureOf(world);
  expect({ policies, volumes }).toEqual({ policies: before.policies, volumes: before.volumes });
  return after;
}

/** What the repository holds of the parts, by the paths that they were read at. */
export async function storedTrees({ repository }: Scenario): Promise<Picture['trees']> {
  const trees: Record<string, Tree> = {};
  for (const { id, paths } of repository.copies)
    for (const [at, path] of paths.entries())
      if (path.startsWith('/mnt/cml/'))
        trees[path.split('/').at(-1) ?? ''] = await walk(join(repository.folder, id, String(at)));
  return trees;
}
