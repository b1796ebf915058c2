import type { KubernetesObject } from '@kubernetes/client-node';
import type { Cluster, Where } from './cluster.ts';
import { addressOf } from './cluster-address.ts';
import type { Kind } from './kinds.ts';

type Items = readonly KubernetesObject[];

/** One list on its way, and the one that begins when it has ended. */
interface Turn {
  readonly ended: Promise<void>;
  next: Promise<Items> | undefined;
}

/**
 * Lists of the whole cluster are long and the same for everybody: while one is under way, all who ask for the same get the
 * one after it. So nobody is answered from before he asked, and hundreds of workspaces cost no more than a few.
 */
export function createSharedLists(list: Cluster['list']): Cluster['list'] {
  const turns = new Map<string, Turn>();

  function begin(key: string, kind: Kind, where: Where): Promise<Items> {
    const items = list(kind, where);
    const leave = () => {
      if (turn.next === undefined) turns.delete(key);
    };
    const turn: Turn = { ended: items.then(leave, leave), next: undefined };
    turns.set(key, turn);
    return items;
  }

  function ask(key: string, kind: Kind, where: Where): Promise<Items> {
    const turn = turns.get(key);
    if (turn === undefined) return begin(key, kind, where);
    turn.next ??= turn.ended.then(() => begin(key, kind, where));
    return turn.next;
  }

  return async <T extends KubernetesObject>(kind: Kind<T>, where: Where = {}) => {
    if (where.namespace !== undefined) return list(kind, where);
    const key = addressOf(kind, {}, { labels: where.labels, fields: where.fields });
    // What is in the list is everybody's, the list is his who asked.
    return [...(await ask(key, kind, where))] as T[];
  };
}
