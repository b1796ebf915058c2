import { CLAIM } from '../../../../src/workspace/kubernetes/kinds.ts';
import { actsAsDatabase } from '../controllers/behaviours.ts';
import { createNode } from '../controllers/nodes.ts';
import type { KubeLab } from '../lab.ts';
import { putDefinition, putNamespace } from './definition.ts';
import { EVALUATOR, putEvaluator, putWebhook } from './evaluator.ts';
import { createLayout, eventually, type Layout, type LayoutOptions, type LayoutPart, WORKSPACE } from './layout.ts';
import { blockClaim, putClaim, putFinishedJob, putService } from './objects.ts';
import { DATA, seedProjects, seedVolume } from './seed.ts';
import { blocksOf, FINISHED_JOBS, type ServiceSpec, SMALL, USUAL } from './services.ts';
import { putUsers } from './users.ts';

/** What differs from one kind of cluster to the next. */
export interface Ground {
  readonly name: Layout['name'];
  readonly nodes: readonly string[];
  readonly blockClass: string;
  readonly blockDriver: string;
  readonly more?: readonly ServiceSpec[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Services that stand only here and must run before the shared folder can be mounted. */
  putFirst?(lab: KubeLab): Promise<readonly string[]>;
  /** Makes `projects-pvc`. */
  putProjects(lab: KubeLab): void;
  readonly projects: Omit<LayoutPart, 'name' | 'kind'>;
  /** Source of a volume that shows one project, once `projects-pvc` is bound. */
  projectSource(lab: KubeLab): object;
  putAddress(lab: KubeLab): void;
}

/** The workspace as it stands on a working day: everything up, every volume with files. */
export async function build(
  lab: KubeLab,
  ground: Ground,
  { small = false, users = small ? 0 : 1, evaluator = false }: LayoutOptions,
): Promise<Layout> {
  const { world } = lab;
  const services = small ? SMALL : [...USUAL, ...(ground.more ?? [])];
  for (const node of ground.nodes) if (!hasNode(lab, node)) createNode(world, node);
  putNamespace(lab, WORKSPACE, ground.annotations);
  putDefinition(lab, services);
  world.behaviours.set(`${WORKSPACE}/db`, actsAsDatabase('postgres-data-versioned', DATA));
  const blocks = blocksOf(services);
  for (const { claim, owner, size } of blocks) putClaim(lab, claim, owner, blockClaim(ground.blockClass, size));
  const first = (await ground.putFirst?.(lab)) ?? [];
  ground.putProjects(lab);
  const claims = [...blocks.map(({ claim }) => claim), 'projects-pvc'];
  await eventually(lab, 10_000, () => unbound(lab, claims));
  const parts: LayoutPart[] = [
    ...blocks.map(
      ({ claim }) => ({ name: claim, kind: 'volume', location: 'internal', driver: ground.blockDriver }) as const,
    ),
    { name: 'projects-pvc', kind: 'shared-folder', ...ground.projects },
  ];
  const userNamespaces = putUsers(lab, users, ground.projectSource(lab));
  const stopped = services.filter(({ kind }) => kind !== 'DaemonSet').map(({ name }) => name);
  const layout = createLayout({
    name: ground.name,
    lab,
    userNamespaces,
    parts,
    services: [...stopped, ...first, ...(evaluator ? [EVALUATOR] : [])],
  });
  await Promise.all(blocks.map(({ claim, owner }) => seedVolume(owner, layout.directoryOf(claim))));
  await seedProjects(layout.directoryOf('projects-pvc'));
  for (const service of services) putService(lab, service, ground.blockClass);
  if (!small) for (const job of FINISHED_JOBS) putFinishedJob(lab, job);
  ground.putAddress(lab);
  if (evaluator) putEvaluator(lab);
  await layout.allUp();
  if (evaluator) putWebhook(lab);
  return layout;
}

export function unbound({ store }: KubeLab, claims: readonly string[]): string | undefined {
  const open = claims.filter((name) => store.get(CLAIM, name, WORKSPACE)?.status?.phase !== 'Bound');
  return open.length === 0 ? undefined : `not bound: ${open.join(', ')}`;
}

function hasNode({ store }: KubeLab, name: string): boolean {
  return store.get({ apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }, name) !== undefined;
}
