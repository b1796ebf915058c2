import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createCluster } from '../../src/workspace/kubernetes/cluster-client.ts';
import { asBob, type Bench, makeBench, restic } from '../e2e/bench.ts';
import { type RestRepository, serveRepository } from '../fakes/rest-repository.ts';
import { type Ground, layGround } from './ground.ts';
import { ACCOUNT } from './rights.ts';

/** A cluster to play on. */
export interface Stage {
  readonly kubeconfig: string;
  readonly context?: string | undefined;
  readonly blockClass?: string | undefined;
  readonly sharedClass?: string | undefined;
  /** Ours, with restic; of movers and the guard. */
  readonly image: string;
  readonly toolsImage: string;
  /** Where the guard's entry is in that image. Absent: where it is on this machine. */
  readonly guard?: readonly string[] | undefined;
  /** This machine as pods call it. */
  readonly host?: string | undefined;
}

/**
 * The main job by the real command line on whatever cluster there is, one sitting: every test goes on where the one before
 * ended. Bytes are made and compared by Jobs, so that nothing has to be known of its storage.
 */
export function tellStory(stage: () => Promise<Stage>): void {
  vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });
  const namespace = `cml-e2e-${Date.now().toString(36)}`;
  let bench: Bench;
  let ground: Ground;
  let repository: RestRepository;
  let before: Record<string, string[]>;
  let later: Record<string, string[]>;
  let backup: string;
  let restore: string;

  beforeAll(async () => {
    const { kubeconfig, context, blockClass, sharedClass, image, toolsImage, guard, host } = await stage();
    const cluster = createCluster({ kubeconfig, context });
    ground = await layGround({ cluster, namespace, blockClass, sharedClass, toolsImage });
    bench = await makeBench({ hasRepository: false });
    repository = await serveRepository(bench.at('repository'), host);
    const movers = { image, serviceAccount: ACCOUNT, ...(guard === undefined ? {} : { guard }) };
    await bench.configure({
      platform: { kind: 'kubernetes', kubeconfig, ...(context === undefined ? {} : { context }), namespace, movers },
      repository: { location: repository.location },
    });
    const env = { ...process.env, RESTIC_PASSWORD: 'correct horse', RESTIC_REPOSITORY: repository.location };
    await promisify(execFile)(restic, ['--no-cache', 'init'], { env });
  });

  afterAll(async () => {
    await bench?.dispose();
    await repository?.close();
    await ground?.dispose();
  });

  async function approved(asked: Awaited<ReturnType<Bench['sayJson']>>): Promise<string> {
    expect(asked).toMatchObject({ exitCode: 0, answer: { request: { status: 'pending' } } });
    const { id } = asked.answer.request;
    const { words, environment } = asBob;
    expect((await bench.say(['approve', id, ...words], { environment })).exitCode).toBe(0);
    const operation: string = (await bench.sayJson(['status', id])).answer.request.operationId;
    const { exitCode, stdout } = await bench.say(['status', operation, '--follow']);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('succeeded') });
    await ground.allUp();
    return operation;
  }

  test('check finds every service and part, and that a backup could begin', async () => {
    const { exitCode, answer } = await bench.sayJson(['check', 'team-ml']);
    const about = answer.findings.map((finding: { about: string }) => finding.about);
    expect(answer.findings.filter((finding: { state: string }) => finding.state === 'bad')).toEqual([]);
    expect({ exitCode, ready: answer.ready }).toEqual({ exitCode: 0, ready: true });
    expect(about).toEqual(
      expect.arrayContaining([...ground.parts, ...ground.services.map((name) => `service ${name}`)]),
    );
  });

  test('backup makes one, services come back, and the data is what it was', async () => {
    before = await ground.list();
    for (const part of ground.parts) expect(before[part]?.length).toBeGreaterThan(25);
    const { exitCode, stderr, answer } = await bench.sayJson(['backup', 'team-ml', '--now']);
    expect({ exitCode, stderr, backup: answer.backup }).toMatchObject({
      exitCode: 0,
      backup: { status: 'completed', parts: [...ground.parts].sort().map((name) => ({ name })) },
    });
    backup = answer.backup.id;
    await ground.allUp();
    expect(await ground.list()).toEqual(before);
  });

  test('verify brings it back beside and accepts it', async () => {
    const { exitCode, answer } = await bench.sayJson(['verify', backup]);
    expect({ exitCode, status: answer.operation.status }).toEqual({ exitCode: 0, status: 'succeeded' });
  });

  test('restore brings every entry back as it was', async () => {
    await ground.change();
    later = await ground.list();
    expect(later).not.toEqual(before);
    restore = await approved(await bench.sayJson(['restore', backup, '--confirm', 'team-ml']));
    expect(await ground.list()).toEqual(before);
  });

  test('undo brings back what the restore displaced', async () => {
    await approved(await bench.sayJson(['undo', restore, '--confirm', 'team-ml']));
    expect(await ground.list()).toEqual(later);
  });
}
