import type { TestContext } from 'vitest';
import { expect } from 'vitest';
import { AppError } from '../../../../src/errors.ts';
import type { Operation } from '../../../../src/records/operation.ts';
import * as kinds from '../../../../src/workspace/kubernetes/kinds.ts';
import { until } from '../../../e2e/processes.ts';
import { SERVED } from '../../../fakes/kube-api/kinds-served.ts';
import type { KubeLab } from '../../../fakes/kube-api/lab.ts';
import { type Layout, type LayoutOptions, WORKSPACE } from '../../../fakes/kube-api/layouts/layout.ts';
import type { ApiRequest } from '../../../fakes/kube-api/requests.ts';
import type { TableRow } from '../../../faults/write-table.ts';
import { differences, expectAsBefore, leftovers, type Picture, pictureOf, storedTrees } from '../matrix-judge.ts';
import { createMatrixWorld, type Life, type LifeWish, type MatrixWorld, type Scenario } from '../matrix-world.ts';

type Here = Pick<TestContext, 'onTestFinished'>;

/** One fault in one whole story. */
export interface FaultRow extends TableRow, LifeWish {
  readonly story: 'backup' | 'restore';
  readonly make?: (lab: KubeLab, options: LayoutOptions) => Promise<Layout>;
  readonly options?: LayoutOptions;
  readonly ends: Ends;
  /** Before the story begins. Answers how often it has struck: a fault that never did is no row. */
  inject(scene: FaultScene): Struck | Promise<Struck>;
  /** While the story goes on. */
  meanwhile?(scene: FaultScene, struck: Struck): Promise<unknown>;
  /** What people do before it is looked at what is left. */
  mend?(scene: FaultScene): unknown;
  /** What else has to be so afterwards. */
  also?(scene: FaultScene): unknown;
}

export interface Ends {
  /** Refused: nothing was begun. */
  readonly status: 'succeeded' | 'failed' | 'refused';
  readonly code?: string;
  /** Part of the sentence that people are told. */
  readonly says?: RegExp;
  readonly services: 'never down' | 'down and up again';
  readonly paged?: true;
  /** What stays although the story has ended: the guard's Job for a day, what it wrote down for whoever comes back. */
  readonly leaves?: RegExp;
}

export type Struck = () => number;

export interface FaultScene {
  readonly world: MatrixWorld;
  readonly lab: KubeLab;
  readonly layout: Layout;
  readonly life: Life;
  readonly scenario: Scenario;
  readonly before: Picture;
  wasDown(): boolean;
  pages(): number;
  /** Done once, before or after the first write that fits; whoever writes waits. Answers how often it was done. */
  once(when: 'before' | 'after', fits: (write: ApiRequest) => boolean, work: () => unknown): Struck;
  /** The first moment at which storage is asked for a snapshot: every service is down. */
  inCut(work: () => unknown): Struck;
  /** The moment after the first live claim was removed: services are down, and data is neither old nor new. */
  inSwap(work: () => unknown): Struck;
  until(what: string, isSo: () => boolean): Promise<void>;
}

/** A backup that restores start from, made once in a world of its own. */
export interface Base {
  readonly scenario: Scenario;
  readonly backup: string;
  readonly wanted: Picture;
}

export async function makeBase(world: MatrixWorld): Promise<Base> {
  const wanted = await pictureOf(world);
  const scenario = await world.scenario();
  const made = await (await world.live(scenario)).backUp();
  expect(made).toMatchObject({ status: 'succeeded' });
  return { scenario, backup: made.id.replace('op_', 'bkp_'), wanted };
}

/** Plays the story with its fault and judges it from what stands in the cluster, the repository and the catalog. */
export async function play(row: FaultRow, here: Here, base: Base): Promise<string> {
  const world = await createMatrixWorld(row.make, row.options);
  here.onTestFinished(() => world.dispose());
  if (row.story === 'restore')
    for (const { name } of world.layout.parts) await world.layout.write(name, 'later/file', `made since in ${name}`);
  const before = await pictureOf(world);
  const scenario = await world.scenario(base.scenario);
  const life = await world.live(scenario, row);
  const scene = sceneOf(world, life, scenario, before);
  const struck = await row.inject(scene);
  const [end, trouble] = await Promise.all([
    endOf(row.story === 'backup' ? life.backUp() : life.restore(base.backup)),
    row.meanwhile?.(scene, struck).then(
      () => undefined,
      (cause: unknown) => ({ cause }),
    ),
  ]);
  if (trouble) throw new Error(`${end.status} ${end.error?.message ?? ''}`, trouble);
  expect(struck(), 'how often the fault struck').toBeGreaterThan(0);
  world.lab.faults.clear();
  world.lab.access.allowAll();
  await row.mend?.(scene);
  const said = await judge(row, scene, end, base);
  await row.also?.(scene);
  return said;
}

interface End {
  readonly status: string;
  readonly error?: Operation['error'];
}

async function endOf(story: Promise<Operation>): Promise<End> {
  try {
    const { status, error } = await story;
    return { status, error };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    return { status: 'refused', error: { code: cause.code, message: cause.message } };
  }
}

function sceneOf(world: MatrixWorld, life: Life, scenario: Scenario, before: Picture): FaultScene {
  const { lab } = world;
  let wasDown = false;
  lab.store.listen(({ kind, object }) => {
    if (kind.kind === kinds.DEPLOYMENT.kind && object.metadata.name === 'web' && object.spec.replicas === 0)
      wasDown = true;
  });
  const once: FaultScene['once'] = (when, fits, work) => {
    let times = 0;
    const hook = async (request: ApiRequest) => {
      if (times > 0 || request.dryRun || !fits(request)) return;
      times += 1;
      await work();
    };
    if (when === 'before') lab.faults.beforeWrite(hook);
    else lab.faults.afterWrite(hook);
    return () => times;
  };
  return {
    ...{ world, lab, layout: world.layout, life, scenario, before, once },
    wasDown: () => wasDown,
    pages: () =>
      scenario.chat.said.filter(({ how }) => how === 'paged').length +
      lab.store.list(kinds.EVENT, WORKSPACE).filter(({ reason }) => reason === 'ServicesDown').length,
    inCut: (work) => once('before', ({ verb, served }) => verb === 'create' && served.kind === kinds.SNAPSHOT, work),
    inSwap: (work) =>
      once(
        'after',
        ({ verb, served, name = '' }) => verb === 'delete' && served.kind === kinds.CLAIM && !name.startsWith('cml-'),
        work,
      ),
    until: async (what, isSo) => void (await until(what, isSo, 60_000)),
  };
}

async function judge(row: FaultRow, scene: FaultScene, { status, error }: End, base: Base): Promise<string> {
  const services = scene.wasDown() ? 'down and up again' : 'never down';
  const paged = scene.pages() > 0;
  const seen = { status, code: error?.code, services, paged };
  const { ends } = row;
  const { says, leaves, ...expected } = ends;
  expect(seen, error?.message).toEqual({ ...seen, ...expected, paged: ends.paged ?? false });
  if (says) expect(error?.message).toMatch(says);
  await scene.layout.allUp(paged ? 60_000 : 10_000);
  const after = await pictureOf(scene.world);
  const data = row.story === 'restore' && status === 'succeeded' ? base.wanted : scene.before;
  expect(differences(data.trees, after.trees)).toEqual([]);
  if (row.story === 'restore') await scene.life.orchestrator.sweep(); // what was displaced was to be kept for a millisecond
  const left = leaves ? await takeAway(scene, leaves) : [];
  await expectAsBefore(scene.world, scene.before);
  const made = await madeBackups(row, scene, status, base);
  return [
    error === undefined ? status : `${status} (${error.code})`,
    `services ${services}`,
    ...(paged ? ['people paged'] : []),
    row.story === 'restore' ? `data ${status === 'succeeded' ? 'new' : 'old'}` : `${made} completed`,
    left.length === 0 ? 'nothing left' : `left: ${left.join(', ')}`,
  ].join(', ');
}

async function takeAway({ world, lab: { store }, until }: FaultScene, leaves: RegExp): Promise<string[]> {
  await until('nothing else is left', () => leftovers(world).every((one) => leaves.test(one)));
  const left = SERVED.flatMap(({ kind }) =>
    store
      .list(kind, WORKSPACE)
      .filter(({ metadata }) => leaves.test(`${kind.kind} ${metadata.name} ours`))
      .map(({ metadata }) => ({ kind, name: metadata.name })),
  );
  for (const { kind, name } of left) store.remove(kind, name, WORKSPACE);
  return [...new Set(left.map(({ kind }) => kind.kind))];
}

/** One that is called completed holds every byte; of a failed one nothing is in the repository. */
async function madeBackups(row: FaultRow, { life, scenario, before }: FaultScene, status: string, base: Base) {
  const backups = await life.orchestrator.listBackups({});
  const made = backups.filter(({ id, status: is }) => is === 'completed' && id !== base.backup).length;
  if (row.story === 'restore') return made;
  expect(made).toBe(status === 'succeeded' ? 1 : 0);
  const stray = scenario.repository.copies.filter(
    ({ id }) => !base.scenario.repository.copies.some((one) => one.id === id),
  );
  if (made === 0) expect(stray).toEqual([]);
  else
    expect(
      differences(
        before.trees,
        await storedTrees({ ...scenario, repository: { ...scenario.repository, copies: stray } }),
      ),
    ).toEqual([]);
  return made;
}

/** So often in its own way for each of these requests. */
export function striking(faults: readonly { hits(): number }[]): Struck {
  return () => faults.reduce((sum, fault) => sum + fault.hits(), 0);
}

export const DOWN_AND_UP = { status: 'succeeded', services: 'down and up again' } as const;
export const NAMESPACE = WORKSPACE;
