import type { KubernetesObject } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/workspace/kubernetes/cluster.ts';
import { NODE, POD } from '../../../src/workspace/kubernetes/kinds.ts';
import { createSharedLists } from '../../../src/workspace/kubernetes/shared-lists.ts';

/** A server whose answers are given by hand, oldest first. */
function heldServer() {
  const open: { answer: (names: readonly string[]) => void; fail: (error: Error) => void }[] = [];
  let asked = 0;
  const list = () =>
    new Promise<KubernetesObject[]>((resolve, reject) => {
      asked += 1;
      open.push({ answer: (names) => resolve(names.map((name) => ({ metadata: { name } }))), fail: reject });
    });
  const next = async () => {
    while (open.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return open.shift() as (typeof open)[number];
  };
  return { list: createSharedLists(list as Cluster['list']), next, asked: () => asked };
}

const names = (objects: readonly KubernetesObject[]) => objects.map(({ metadata }) => metadata?.name);

describe('lists of a whole cluster', () => {
  it('answers all who ask meanwhile with one list that is begun after they asked', async () => {
    const { list, next, asked } = heldServer();
    const first = list(POD);
    const meanwhile = [list(POD), list(POD), list(POD)];
    (await next()).answer(['old']);
    expect(names(await first)).toEqual(['old']);
    (await next()).answer(['new']);
    for (const one of meanwhile) expect(names(await one)).toEqual(['new']);
    expect(asked()).toBe(2);
  });

  it('gives each a list of his own', async () => {
    const { list, next } = heldServer();
    const first = list(POD);
    const both = [list(POD), list(POD)];
    (await next()).answer([]);
    await first;
    (await next()).answer(['a', 'b']);
    const [one, other] = await Promise.all(both);
    one?.pop();
    expect(names(other ?? [])).toEqual(['a', 'b']);
  });

  it('asks anew for whoever waited when a list fails', async () => {
    const { list, next } = heldServer();
    const first = list(POD);
    const second = list(POD);
    (await next()).fail(new Error('not now'));
    await expect(first).rejects.toThrow('not now');
    (await next()).answer(['a']);
    expect(names(await second)).toEqual(['a']);
  });

  it('keeps other kinds, other selectors and single namespaces apart', async () => {
    const { list, next, asked } = heldServer();
    const all = [list(POD), list(NODE), list(POD, { labels: 'a=b' }), list(POD, { namespace: 'x' })];
    const again = list(POD, { namespace: 'x' });
    expect(asked()).toBe(5);
    for (let at = 0; at < 5; at += 1) (await next()).answer([]);
    await Promise.all([...all, again]);
  });
});
