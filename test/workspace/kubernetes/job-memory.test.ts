import { describe, expect, it } from 'vitest';
import { createResticMover } from '../../../src/mover/restic/restic-mover.ts';
import { resticSettings } from '../../../src/mover/restic/settings.ts';
import type { Program } from '../../../src/program.ts';
import type { KubeContext } from '../../../src/workspace/kubernetes/context.ts';
import { describeJob, type JobParts } from '../../../src/workspace/kubernetes/job-spec.ts';
import { kubernetesSettings } from '../../../src/workspace/kubernetes/settings.ts';

/** What the mover asks a platform to run when it copies a volume of so many files. */
async function programFor(files: number): Promise<Program> {
  let asked: Program | undefined;
  const mover = createResticMover({
    settings: resticSettings.parse({ kind: 'restic', location: '/nowhere', passwordFile: '/nowhere/password' }),
    ...{ workspace: 'team', candidates: ['restic'], cacheFolder: '/nowhere/cache' },
    run: async (program, { onLine }) => {
      if (program.args.includes('version')) onLine?.('restic 0.19.1 compiled with go1.26');
      else asked = program;
      return { exitCode: asked ? 1 : 0, signal: null, stderr: [], durationMs: 1 };
    },
  });
  const request = { paths: ['/mnt/volumes/data'], exclude: [], tags: [], files };
  await mover.copy(request, { folder: '/nowhere', key: 'later' }).catch(() => undefined);
  if (!asked?.args.includes('backup')) throw new Error('no copy was asked for');
  return asked;
}

async function resourcesFor(files: number, movers: object = {}) {
  const settings = kubernetesSettings.parse({ kind: 'kubernetes', movers });
  const context = { workspace: 'team', namespace: 'team', settings, image: 'cml-backup:1' } as KubeContext;
  const secrets = { mounts: [], volume: { name: 'secrets' } };
  const places = { volumes: [], mounts: [], isWritten: false, slow: [] };
  const parts = { name: 'cml-run-1', operationId: 'op_1', program: await programFor(files), places, secrets };
  const job = describeJob(context, parts as unknown as JobParts);
  return job.spec?.template.spec?.containers[0]?.resources;
}

describe('the memory of a mover', () => {
  it('is what is configured while the files are few', async () => {
    expect(await resourcesFor(300_000)).toEqual({
      requests: { cpu: '250m', memory: '512Mi' },
      limits: { memory: '4Gi' },
    });
  });

  it('grows with the files that were counted, and may be twice that', async () => {
    // 128 MiB and 450 bytes a file
    expect(await resourcesFor(10_000_000)).toEqual({
      requests: { cpu: '250m', memory: '4420Mi' },
      limits: { memory: '8840Mi' },
    });
  });

  it('is never less than what is configured, and has no limit where none is', async () => {
    expect(await resourcesFor(10_000_000, { requests: { memory: '16Gi' }, limits: { cpu: '2' } })).toEqual({
      requests: { memory: '16Gi' },
      limits: { cpu: '2' },
    });
  });
});
