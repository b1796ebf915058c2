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

/** Jobs that bring the database of an older release up to this one. Source: reference/cloudera.md 4.2, XU-MIG. */
const MIGRATES = /^db-migrate(-|$)/;

export interface Released extends Definition {
  /** Run when `db` is ready and before its clients start. */
  readonly migrations: readonly DefinedObject[];
}

/**
 * With a release bundle configured, workloads come from it instead of from the backup, with the backup's replica counts:
 * programs are never brought back at a release that the platform does not run any more. Configuration, secrets (the
 * certificates among them), services and ingress keep their identity, so that addresses stay. What only the bundle has is
 * added, but for what runs and for claims: data is none of a release's business.
 * @throws OperationError `preflight-failed` when the bundle cannot be read.
 */
export async function withReleaseBundle({ settings }: KubeContext, captured: Definition): Promise<Released> {
  if (settings.releaseBundle === undefined) return { ...captured, migrations: [] };
  const all = await readBundle(settings.releaseBundle);
  const bundle = all.filter((object) => !isRuntime(object));
  const migrations = all.filter(({ kind, metadata }) => kind === 'Job' && MIGRATES.test(metadata.name));
  const isIn = (objects: readonly DefinedObject[], { kind, metadata }: DefinedObject) =>
    objects.find((one) => one.kind === kind && one.metadata.name === metadata.name);
  const kept = captured.objects.filter((object) => !(WORKLOADS.has(object.kind) && isIn(bundle, object)));
  const brought = bundle
    .filter((object) => WORKLOADS.has(object.kind) || !isIn(captured.objects, object))
    .map((object) => withCountsOf(object, isIn(captured.objects, object)));
  const objects = [...kept, ...brought].sort((one, other) => orderOf(one) - orderOf(other));
  return { ...captured, objects, migrations };
}

/** Before anyone is disturbed. @throws OperationError `preflight-failed` when it cannot be read. */
export async function assertReleaseBundle({ settings }: KubeContext): Promise<void> {
  if (settings.releaseBundle !== undefined) await readBundle(settings.releaseBundle);
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
