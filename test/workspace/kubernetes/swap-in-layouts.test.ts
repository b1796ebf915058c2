import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { dropDisplaced, keepDisplaced } from '../../../src/workspace/kubernetes/displaced.ts';
import { endPrograms } from '../../../src/workspace/kubernetes/end-programs.ts';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { placePath } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning } from '../../../src/workspace/kubernetes/note.ts';
import { createJobRunner } from '../../../src/workspace/kubernetes/run-job.ts';
import { releaseStage, stageWishes } from '../../../src/workspace/kubernetes/stage.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { commitSwap, revertSwap } from '../../../src/workspace/kubernetes/swap.ts';
import { createKubeLab, type KubeLab } from '../../fakes/kube-api/lab.ts';
import { makeEcsLonghorn } from '../../fakes/kube-api/layouts/ecs-longhorn.ts';
import { makeExternalNfs } from '../../fakes/kube-api/layouts/external-nfs.ts';
import { type Layout, WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import { makeOpenshiftCeph } from '../../fakes/kube-api/layouts/openshift-ceph.ts';
import { contextOf } from './scene.ts';

const OPERATION = 'op_0000000001';
const SETTINGS = { parts: { 'projects-pvc': { beside: true } } };

type Make = (lab: KubeLab, options: object) => Promise<Layout>;

async function stand(make: Make): Promise<{ layout: Layout; context: KubeContext; volumes: () => number }> {
  const lab = await createKubeLab();
  const folder = await mkdtemp(join(tmpdir(), 'cml-layout-'));
  onTestFinished(async () => {
    await lab.dispose();
    await rm(folder, { recursive: true });
  });
  const layout = await make(lab, { small: true });
  await layout.allUp();
  const context = { ...contextOf(lab.cluster(), SETTINGS), namespace: WORKSPACE, workspace: WORKSPACE };
  return { layout, context, volumes: () => lab.store.list(kinds.VOLUME).length };
}

const LAYOUTS: readonly (readonly [string, Make])[] = [
  ['ECS with Longhorn', makeEcsLonghorn],
  ['OpenShift with Ceph', makeOpenshiftCeph],
  ['external NFS', makeExternalNfs],
];

/** With what is live and a file besides: the database does not start on anything less than its own. */
async function fill(context: KubeContext, part: string, staged: string): Promise<void> {
  const live = placePath({ life: 'live', part });
  const script = 'cp -a "$1"/. "$2"/ && echo -n new > "$2/file"';
  const places = [
    { path: live, access: 'read' as const },
    { path: staged, access: 'write' as const },
  ];
  const program = { key: `fill-${part}`, command: 'sh', args: ['-c', script, 'sh', live, staged], needs: { places } };
  const { exitCode, stderr } = await createJobRunner(context)(program, { folder: OPERATION });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: [] });
}

describe.each(LAYOUTS)('a workspace on %s', { timeout: 20_000 }, (_name, make) => {
  it('has all its parts swapped for what Jobs wrote beside, put back byte by byte, and swapped again', async () => {
    const { layout, context, volumes } = await stand(make);
    const names = (await findParts(context)).parts.map(({ name }) => name);
    const before = await Promise.all(names.map((name) => layout.walk(name)));
    const count = volumes();
    const swapIn = async () => {
      const staged = await stageWishes(
        context,
        OPERATION,
        names.map((part) => ({ part })),
      );
      for (const { path, part } of staged) await fill(context, part, path);
      const note = await noteRunning(context, OPERATION);
      const quiet = await stopServices(context, note, {});
      await commitSwap(context, OPERATION, staged, quiet);
      return note;
    };
    const note = await swapIn();
    for (const name of names) expect(await layout.read(name, 'file')).toBe('new');
    await revertSwap(context, OPERATION);
    expect(await Promise.all(names.map((name) => layout.walk(name)))).toEqual(before);
    await startServices(context, note, {});
    await layout.allUp();
    await endPrograms(context, OPERATION);
    await releaseStage(context, OPERATION);
    expect(volumes()).toBe(count);
    const again = await swapIn();
    await startServices(context, again, {});
    await layout.allUp();
    await keepDisplaced(context, OPERATION, '2026-02-01T00:00:00.000Z');
    await endPrograms(context, OPERATION);
    await releaseStage(context, OPERATION);
    await dropDisplaced(context, '2026-03-01T00:00:00.000Z', []);
    for (const name of names) expect(await layout.read(name, 'file')).toBe('new');
    expect(volumes()).toBe(count);
  });
});
