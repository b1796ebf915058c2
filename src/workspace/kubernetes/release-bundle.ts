import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { OperationError } from '../../errors.ts';
import { askedBy, isService } from './as-it-ran.ts';
import type { KubeContext } from './context.ts';
import {
  type DefinedObject,
  type Definition,
  definedObject,
  isRuntime,
  orderOf,
  withoutCluster,
} from './definition.ts';
import { askFor } from './running.ts';

/** What a release brings of its own; everything else in a workspace is its configuration or its identity. */
const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob']);

/**
 * With a release bundle configured, workloads come from it instead of from the backup, with the backup's replica counts:
 * programs are never brought back at a release that the platform does not run any more. Configuration, secrets (the
 * certificates among them), services and ingress keep their identity, so that addresses stay. What only the bundle has is
 * added, but for what runs and for claims: data is none of a release's business.
 * @throws OperationError `preflight-failed` when the bundle cannot be read.
 */
export async function withReleaseBundle({ settings }: KubeContext, captured: Definition): Promise<Definition> {
  if (settings.releaseBundle === undefined) return captured;
  const bundle = (await readBundle(settings.releaseBundle)).filter((object) => !isRuntime(object));
  const isIn = (objects: readonly DefinedObject[], { kind, metadata }: DefinedObject) =>
    objects.find((one) => one.kind === kind && one.metadata.name === metadata.name);
  const kept = captured.objects.filter((object) => !(WORKLOADS.has(object.kind) && isIn(bundle, object)));
  const brought = bundle
    .filter((object) => WORKLOADS.has(object.kind) || !isIn(captured.objects, object))
    .map((object) => withCountsOf(object, isIn(captured.objects, object)));
  const objects = [...kept, ...brought].sort((one, other) => orderOf(one) - orderOf(other));
  return { ...captured, objects };
}

function withCountsOf(object: DefinedObject, captured: DefinedObject | undefined): DefinedObject {
  if (!captured || !isService(object)) return object;
  const kind = object.kind as Parameters<typeof askFor>[0];
  return { ...object, spec: { ...(object.spec as object), ...askFor(kind, askedBy(captured)) } };
}

async function readBundle(folder: string): Promise<DefinedObject[]> {
  try {
    const names = (await readdir(folder)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return texts.flatMap((text) => parseAllDocuments(text).flatMap((document) => objectsOf(document.toJS())));
  } catch (cause) {
    throw new OperationError('preflight-failed', `The release bundle ${folder} cannot be read.`, {
      cause,
      hint: 'it is a folder of manifests: platform.releaseBundle in the configuration',
    });
  }
}

/** Namespaces in it mean nothing: it is applied to the workspace's own. */
function objectsOf(value: unknown): DefinedObject[] {
  if (value === null || value === undefined) return [];
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (kind === 'List' && Array.isArray(items)) return items.flatMap(objectsOf);
  return [withoutCluster(definedObject.parse(value))];
}
