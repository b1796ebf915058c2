import { EVENT } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { Stored } from '../store.ts';
import { stamp } from './storage.ts';
import type { World } from './world.ts';

/** Tells of an object as controllers do; the same words again only count. */
export function tell(world: World, about: Stored, type: 'Normal' | 'Warning', reason: string, message: string): void {
  const namespace = about.metadata.namespace ?? 'default';
  const again = world.store
    .list(EVENT, namespace)
    .find(
      (event) =>
        event.involvedObject?.uid === about.metadata.uid && event.reason === reason && event.message === message,
    );
  if (again) {
    world.store.edit(EVENT, again.metadata.name, namespace, (event) => {
      event.count += 1;
      event.lastTimestamp = stamp(world);
    });
    return;
  }
  const { name, uid, resourceVersion } = about.metadata;
  world.store.create(EVENT, {
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid, resourceVersion },
    ...{ type, reason, message, count: 1, firstTimestamp: stamp(world), lastTimestamp: stamp(world) },
  } as never);
}
