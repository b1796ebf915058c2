import { NAMESPACE } from '../../../src/workspace/kubernetes/kinds.ts';
import { applied, track } from './apply.ts';
import { readBody } from './bodies.ts';
import { fillIn } from './defaults.ts';
import { list } from './listing.ts';
import { jsonPatch, mergePatch, strategicPatch } from './patch.ts';
import { remove } from './removal.ts';
import type { ApiRequest } from './requests.ts';
import { managerOf as agentOf } from './review.ts';
import { readScale, writeScale } from './scale.ts';
import { selection } from './selectors.ts';
import { Refused, type Store, type Stored, titleOf } from './store.ts';
import { validate } from './validate.ts';

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly request: ApiRequest;
  /** As it would be written; may be changed. */
  readonly object: Stored;
  readonly before: Stored | undefined;
}

/** Asked before each write, also with dryRun. @throws Refused */
export type Admission = (asked: AdmissionRequest) => void | Promise<void>;

export interface Objects {
  /** Answers status and body. @throws Refused */
  handle(request: ApiRequest): Promise<{ readonly code: number; readonly body: unknown }>;
}

interface Behind {
  readonly store: Store;
  readonly admissions: ReadonlySet<Admission>;
  readonly now: () => Date;
}

export function createObjects(behind: Behind): Objects {
  const { store } = behind;
  return {
    async handle(request) {
      const { verb, subresource, served } = request;
      if (subresource !== undefined && !served.subresources.includes(subresource)) {
        throw new Refused(404, 'NotFound', 'the server could not find the requested resource');
      }
      if (subresource === 'scale') return scale(behind, request);
      if (subresource === 'eviction') return ok(remove(store, request, standingOf(store, request)));
      if (verb === 'get') return ok(standingOf(store, request));
      if (verb === 'list') return ok(list(store, request));
      if (verb === 'create') return { code: 201, body: await create(behind, request, request.body) };
      if (verb === 'delete' || verb === 'deletecollection') return ok(await removeAll(behind, request));
      if (verb === 'apply') return applyWish(behind, request);
      return ok(await change(behind, request));
    },
  };
}

function ok(body: unknown): { code: number; body: unknown } {
  return { code: 200, body };
}

function standingOf(store: Store, { served: { kind }, name = '', namespace }: ApiRequest): Stored {
  const found = store.get(kind, name, namespace);
  if (!found) throw new Refused(404, 'NotFound', `${titleOf(kind)} "${name}" not found`);
  return found;
}

async function create(behind: Behind, request: ApiRequest, body: unknown): Promise<Stored> {
  const { served, namespace, dryRun } = request;
  const { kind } = served;
  const object = readBody(request, body);
  if (namespace !== undefined && !behind.store.get(NAMESPACE, namespace)) {
    const details = { name: namespace, group: undefined, kind: 'namespaces' };
    throw new Refused(404, 'NotFound', `namespaces "${namespace}" not found`, details);
  }
  if (namespace !== undefined && behind.store.get(NAMESPACE, namespace)?.metadata.deletionTimestamp) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw new Refused(403, 'Forbidden', `${titleOf(kind)} "${object.metadata.name}" is forbidden: ${why}`);
  }
  if (object.metadata.resourceVersion) {
    throw new Refused(400, 'BadRequest', 'resourceVersion should not be set on objects to be created');
  }
  delete (object.metadata as { creationTimestamp?: unknown }).creationTimestamp;
  if (served.subresources.includes('status')) delete object.status;
  fillIn(object);
  await admit(behind, { operation: 'CREATE', request, object, before: undefined });
  validate(object);
  if (behind.store.get(kind, object.metadata.name, namespace)) {
    throw new Refused(409, 'AlreadyExists', `${titleOf(kind)} "${object.metadata.name}" already exists`);
  }
  if (!object.metadata.managedFields) track(undefined, object, managerOf(request), timeOf(behind));
  return dryRun ? object : behind.store.create(kind, object);
}

async function change(behind: Behind, request: ApiRequest): Promise<Stored> {
  const { served, verb } = request;
  const standing = standingOf(behind.store, request);
  const next = verb === 'update' ? readBody(request, request.body) : patched(request, standing);
  if (verb === 'update' && served.isCustom && !next.metadata.resourceVersion) {
    const message = 'Invalid value: 0x0: must be specified for an update';
    const causes = [{ field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message }];
    const said = `${titleOf(served.kind)} "${request.name}" is invalid: metadata.resourceVersion: ${message}`;
    throw new Refused(422, 'Invalid', said, { kind: served.kind.kind, causes });
  }
  if (verb === 'update' && next.metadata.uid !== undefined && next.metadata.uid !== standing.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${next.metadata.uid}, UID in object meta: ${standing.metadata.uid}`;
    throw new Refused(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${titleOf(served.kind)} "${request.name}": ${why}`,
    );
  }
  next.metadata.uid ??= standing.metadata.uid;
  const isStatus = request.subresource === 'status';
  const object = isStatus
    ? {
        ...standing,
        status: next.status,
        metadata: { ...standing.metadata, resourceVersion: next.metadata.resourceVersion },
      }
    : next;
  if (!isStatus && served.subresources.includes('status')) object.status = standing.status;
  return write(behind, request, object, standing);
}

async function write(behind: Behind, request: ApiRequest, object: Stored, before: Stored): Promise<Stored> {
  const { kind } = request.served;
  object.metadata.name = before.metadata.name;
  if (before.metadata.namespace !== undefined) object.metadata.namespace = before.metadata.namespace;
  await admit(behind, { operation: 'UPDATE', request, object, before });
  validate(object, before);
  if (request.verb !== 'apply' && before.metadata.managedFields && !object.metadata.managedFields) {
    object.metadata.managedFields = before.metadata.managedFields;
  }
  if (request.verb !== 'apply') track(before, object, managerOf(request), timeOf(behind));
  if (!request.dryRun) return behind.store.update(kind, object);
  return object;
}

function patched({ contentType, body }: ApiRequest, standing: Stored): Stored {
  if (contentType === 'application/merge-patch+json') return mergePatch(standing, body) as Stored;
  if (contentType === 'application/strategic-merge-patch+json') return strategicPatch(standing, body) as Stored;
  if (contentType === 'application/json-patch+json') {
    return jsonPatch(standing, body as Parameters<typeof jsonPatch>[1]) as Stored;
  }
  const why = `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`;
  throw new Refused(415, 'UnsupportedMediaType', why);
}

async function applyWish(behind: Behind, request: ApiRequest): Promise<{ code: number; body: unknown }> {
  const { served, name = '', namespace, query } = request;
  const manager = query.get('fieldManager');
  if (!manager)
    throw new Refused(
      400,
      'BadRequest',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  const wish = readBody(request, request.body);
  if (wish.metadata.managedFields) throw new Refused(400, 'BadRequest', 'metadata.managedFields must be nil');
  const options = { manager, force: query.get('force') === 'true', now: timeOf(behind) };
  const standing = behind.store.get(served.kind, name, namespace);
  if (!standing) {
    wish.metadata.name = name;
    const { status: _, ...made } = applied(undefined, wish, options);
    return { code: 201, body: await create(behind, request, made) };
  }
  const next = applied(standing, wish, options);
  if (served.subresources.includes('status')) next.status = standing.status;
  return ok(await write(behind, request, next, standing));
}

async function scale(behind: Behind, request: ApiRequest): Promise<{ code: number; body: unknown }> {
  const standing = standingOf(behind.store, request);
  if (request.verb === 'get') return ok(readScale(standing));
  const next = request.verb === 'update' ? (request.body as Stored) : patched(request, readScale(standing));
  return ok(readScale(await write(behind, request, writeScale(standing, next), standing)));
}

async function removeAll(behind: Behind, request: ApiRequest): Promise<unknown> {
  const { served, namespace, query, verb } = request;
  const picks = selection(served, query);
  const found =
    verb === 'delete' ? [standingOf(behind.store, request)] : behind.store.list(served.kind, namespace, picks);
  for (const object of found) await admit(behind, { operation: 'DELETE', request, object, before: object });
  const removed = found.map((object) =>
    remove(behind.store, { ...request, name: object.metadata.name, namespace: object.metadata.namespace }, object),
  );
  return verb === 'delete' ? removed[0] : { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
}

async function admit({ admissions }: Behind, asked: AdmissionRequest): Promise<void> {
  for (const admission of [...admissions]) await admission(asked);
}

function managerOf({ query, userAgent }: ApiRequest): string {
  return query.get('fieldManager') ?? agentOf(userAgent);
}

function timeOf({ now }: Behind): string {
  return now().toISOString().replace(/\.\d+/, '');
}
