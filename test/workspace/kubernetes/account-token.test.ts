import { expect, it } from 'vitest';
import { createAccountToken } from '../../../src/workspace/kubernetes/account-token.ts';
import { ClusterRefusal } from '../../../src/workspace/kubernetes/cluster.ts';

const HOUR_MS = 3_600_000;

/** A server that makes tokens for an hour, and a clock. */
function createScene() {
  const scene = {
    nowMs: Date.parse('2026-11-23T08:00:00Z'),
    asked: [] as string[],
    refuses: undefined as Error | undefined,
    token: async () => '',
  };
  const repeat = async ({ path, method }: { path: string; method: string }) => {
    scene.asked.push(`${method} ${path}`);
    if (scene.refuses) throw scene.refuses;
    const expirationTimestamp = new Date(scene.nowMs + HOUR_MS).toISOString();
    return { kind: 'TokenRequest', status: { token: `token-${scene.asked.length}`, expirationTimestamp } };
  };
  scene.token = createAccountToken({ repeat }, 'cml-backup/cml-restore', () => scene.nowMs);
  return scene;
}

it('asks for a token once, at first need, and again before it ends', async () => {
  const scene = createScene();
  expect(scene.asked).toEqual([]);
  expect(await Promise.all([scene.token(), scene.token()])).toEqual(['token-1', 'token-1']);
  expect(scene.asked).toEqual(['POST /api/v1/namespaces/cml-backup/serviceaccounts/cml-restore/token']);
  scene.nowMs += 0.75 * HOUR_MS;
  expect(await scene.token()).toBe('token-1');
  scene.nowMs += 0.1 * HOUR_MS;
  expect(await Promise.all([scene.token(), scene.token()])).toEqual(['token-2', 'token-2']);
  expect(scene.asked).toHaveLength(2);
});

it('says whose token it could not have, and asks again the next time', async () => {
  const scene = createScene();
  scene.refuses = new ClusterRefusal('serviceaccounts "cml-restore" is forbidden', 403, 'Forbidden');
  await expect(scene.token()).rejects.toMatchObject({
    code: 'platform-unavailable',
    message: expect.stringContaining('cml-backup/cml-restore'),
    hint: expect.stringContaining('restoreAccount'),
  });
  scene.refuses = undefined;
  expect(await scene.token()).toBe('token-2');
});
