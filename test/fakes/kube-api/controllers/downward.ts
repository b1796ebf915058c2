import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stored } from '../store.ts';
import type { Directories, World } from './world.ts';

interface Item {
  readonly path: string;
  readonly fieldRef?: { readonly fieldPath: string };
}

/**
 * Shows a pod its own annotations and labels as files, anew at each change of the pod, as the kubelet does when it hears of
 * one. Source: kubernetes pkg/volume/downwardapi and pkg/fieldpath.
 */
export function showOwnFields(world: World, pod: Stored, directories: Directories): () => void {
  const { uid } = pod.metadata;
  const shown = (pod.spec.volumes ?? []).filter((volume: Stored['spec']) => volume.downwardAPI);
  if (shown.length === 0) return () => undefined;
  const write = (now: Stored) => {
    for (const { name, downwardAPI } of shown)
      for (const { path, fieldRef } of downwardAPI.items as Item[])
        put(join(directories[name] ?? '', path), fieldOf(now, fieldRef?.fieldPath ?? ''));
  };
  write(pod);
  const stop = world.store.listen(({ kind, object, type }) => {
    if (kind.kind !== 'Pod' || object.metadata.uid !== uid) return;
    if (type === 'DELETED') stop();
    else write(object as Stored);
  });
  return stop;
}

/** Whoever reads meanwhile sees the old one or the new one. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function fieldOf({ metadata }: Stored, fieldPath: string): string {
  const [, field, key = ''] = /^metadata\.(annotations|labels)\['(.+)'\]$/.exec(fieldPath) ?? [];
  if (field !== 'annotations' && field !== 'labels') throw new Error(`the double does not show ${fieldPath}`);
  return metadata[field]?.[key] ?? '';
}
