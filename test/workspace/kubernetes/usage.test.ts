import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunProgram } from '../../../src/program.ts';
import { findParts } from '../../../src/workspace/kubernetes/find-parts.ts';
import type { FoundPart } from '../../../src/workspace/kubernetes/found.ts';
import { listLivePods } from '../../../src/workspace/kubernetes/live-pods.ts';
import { countByWalk, readStatistics } from '../../../src/workspace/kubernetes/usage.ts';
import { createScene, mount, NAMESPACE, type Scene } from './scene.ts';

function node(scene: Scene, name: string, volumes: readonly object[]): void {
  scene.answers.set(`/api/v1/nodes/${name}/proxy/stats/summary`, {
    pods: [{ podRef: {}, volume: volumes }, { podRef: {} }],
  });
}

function statistics(claim: string, rest: object = {}): object {
  const numbers = { usedBytes: 5_000, availableBytes: 7_000, capacityBytes: 12_000, inodesUsed: 12 };
  return { name: 'v', pvcRef: { name: claim, namespace: NAMESPACE }, ...numbers, ...rest };
}

async function usageOf(scene: Scene) {
  const { parts } = await findParts(scene.context);
  return readStatistics(scene.context, parts, await listLivePods(scene.context.cluster));
}

describe('statistics of nodes', () => {
  it('tell bytes, files and room of what a running pod has mounted, from the node it runs on', async () => {
    const scene = await createScene();
    scene.claim('data');
    scene.pod('db-0', [mount('data')], { spec: { nodeName: 'node-2' } });
    node(scene, 'node-2', [statistics('other', { usedBytes: 1 }), statistics('data')]);
    expect(await usageOf(scene)).toEqual(
      new Map([['data', { bytes: 5_000, files: 12, isExact: true, freeBytes: 7_000 }]]),
    );
  });

  it('tell nothing of what nobody has mounted, or a node that does not answer', async () => {
    const scene = await createScene();
    scene.claim('idle');
    scene.claim('data');
    scene.pod('db-0', [mount('data')]);
    expect(await usageOf(scene)).toEqual(new Map());
  });

  it("are not the part's own for an export of a filer, nor whole without a number of files", async () => {
    const scene = await createScene();
    scene.claim(
      'shared',
      { accessModes: ['ReadWriteMany'], storageClassName: '' },
      { nfs: { server: 'f', path: '/x' } },
    );
    scene.claim('cephfs');
    scene.pod('web', [mount('shared'), mount('cephfs')]);
    node(scene, 'node-1', [statistics('shared'), statistics('cephfs', { inodesUsed: undefined })]);
    const usage = await usageOf(scene);
    expect(usage.get('shared')?.isExact).toBe(false);
    expect(usage.get('cephfs')?.isExact).toBe(false);
  });
});

/** A folder in the place of the live part, walked by a real find on this machine. */
async function walked(exclude: readonly string[] = [], since?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'cml-count-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'projects', '[old]'), { recursive: true });
  await writeFile(join(folder, 'projects', 'new file'), 'x'.repeat(1_000));
  await writeFile(join(folder, 'projects', '[old]', 'a'), 'xx');
  await utimes(join(folder, 'projects', '[old]', 'a'), 1_000, 1_000);
  const run: RunProgram = async ({ command, args }, { onLine }) => {
    const here = args.map((arg) => arg.replaceAll('/mnt/cml/live/projects', folder));
    const { stdout, stderr, exitCode } = await execa(command, here, { reject: false, lines: true });
    for (const line of stdout) onLine?.(line);
    return { exitCode: exitCode ?? null, signal: null, stderr, durationMs: 1 };
  };
  const part = { name: 'projects', exclude: exclude.map((path) => `/mnt/cml/live/projects/${path}`) };
  return countByWalk({ run, folder }, part as unknown as FoundPart, since, undefined);
}

describe('a walk', () => {
  it('counts everything that is no folder, and the bytes of files', async () => {
    expect(await walked()).toEqual({ files: 2, bytes: 1_002, isExact: true, unreadable: [] });
  });

  it('leaves out what is excluded, whatever signs its name has', async () => {
    expect(await walked(['projects/[old]'])).toMatchObject({ files: 1, bytes: 1_000 });
  });

  it('counts what was written since a moment', async () => {
    expect(await walked([], '2020-01-01T00:00:00.000Z')).toMatchObject({ files: 2, writtenSince: 1 });
  });

  it('says what a program said that could not count', async () => {
    const run: RunProgram = async () => ({ exitCode: 1, signal: null, stderr: [], durationMs: 1 });
    const part = { name: 'projects', exclude: [] } as unknown as FoundPart;
    const counted = await countByWalk({ run, folder: '/tmp' }, part, undefined, undefined);
    expect(counted.unreadable).toEqual(['counting projects ended with 1']);
  });
});
