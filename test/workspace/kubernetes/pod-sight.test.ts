import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { lookAtPod, whyNotBegun } from '../../../src/workspace/kubernetes/pod-sight.ts';

function pod(state: object | undefined, status: V1Pod['status'] = {}, deletionTimestamp?: string): V1Pod {
  const containerStatuses = state && [{ name: 'program', state: state as V1ContainerState }];
  return {
    metadata: { name: 'p', ...(deletionTimestamp ? { deletionTimestamp: deletionTimestamp as unknown as Date } : {}) },
    status: { ...status, ...(containerStatuses ? { containerStatuses: containerStatuses as never } : {}) },
  };
}
const ended = (exitCode: number, more: object = {}) => ({
  terminated: { exitCode, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:07Z', ...more },
});
const says = (told: V1Pod) => {
  const sight = lookAtPod(told, 'pre-copy');
  if (sight.state !== 'failed') throw new Error(`it is ${sight.state}`);
  const { message, retryable, code } = sight.error;
  expect(code).toBe('platform-unavailable');
  return { message, retryable };
};

describe('a look at the pod of a program', () => {
  it('tells how it ended, and how long it took', () => {
    expect(lookAtPod(pod(ended(3)), 'k')).toEqual({ state: 'ended', exitCode: 3, durationMs: 7_000 });
    expect(lookAtPod(pod(ended(0), {}, '2026-01-01T00:00:00Z'), 'k')).toMatchObject({ state: 'ended', exitCode: 0 });
    expect(lookAtPod(pod({ running: {} }), 'k')).toEqual({ state: 'running' });
    expect(lookAtPod(pod({ waiting: { reason: 'ContainerCreating' } }), 'k')).toEqual({ state: 'waiting' });
    // Tried again by the node itself before it says that it backs off.
    expect(lookAtPod(pod({ waiting: { reason: 'ErrImagePull' } }), 'k')).toEqual({ state: 'waiting' });
  });

  it('says that it needed more memory, which trying again does not heal', () => {
    expect(says(pod(ended(137, { reason: 'OOMKilled' })))).toEqual({
      message: 'The program pre-copy was killed, it needed more memory than it may have',
      retryable: false,
    });
  });

  it('says that it was evicted, and why', () => {
    const disruption = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'drained',
    };
    expect(says(pod(ended(143), { conditions: [disruption] }, '2026-01-01T00:00:00Z'))).toEqual({
      message: 'The program pre-copy was evicted (EvictionByEvictionAPI): drained',
      retryable: true,
    });
    const short = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
    expect(says(pod(ended(137), short)).message).toContain('was evicted: The node was low on resource');
    expect(says(pod(undefined, short)).message).toContain('(Evicted): The node was low on resource');
  });

  it('says that its pod was deleted, unless it had succeeded', () => {
    expect(says(pod(ended(143), {}, '2026-01-01T00:00:00Z')).message).toContain('its pod was deleted');
  });

  it('says that its node lost it', () => {
    expect(says(pod(ended(137, { reason: 'ContainerStatusUnknown' })))).toMatchObject({ retryable: true });
  });

  it.each([
    ['ImagePullBackOff', true],
    ['InvalidImageName', false],
  ])('says that the image cannot be fetched: %s', (reason, retryable) => {
    const told = says(pod({ waiting: { reason, message: 'Back-off pulling image "x"\nmore' } }));
    expect(told).toEqual({
      message: `The program pre-copy cannot start, its image cannot be fetched (${reason}): Back-off pulling image "x"`,
      retryable,
    });
  });

  it('says why it has not begun', () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }];
    expect(whyNotBegun(pod(undefined, { phase: 'Pending', conditions }))).toBe(
      'no node takes it: 0/3 nodes are available',
    );
    expect(whyNotBegun(pod({ waiting: { reason: 'ContainerCreating' } }))).toBe('its pod is ContainerCreating');
  });
});
