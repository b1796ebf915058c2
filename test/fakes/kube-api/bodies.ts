import type { KubernetesObject } from '@kubernetes/client-node';
import { isTree } from './patch.ts';
import type { ApiRequest } from './requests.ts';
import { Refused, type Stored } from './store.ts';

/** The object in a request, with the name and namespace of its address. @throws Refused 400 */
export function readBody({ served: { kind }, name, namespace }: ApiRequest, body: unknown): Stored {
  if (!isTree(body)) throw new Refused(400, 'BadRequest', 'the object provided is unrecognized');
  const object = structuredClone(body) as KubernetesObject & { metadata?: Stored['metadata'] } as Stored;
  object.apiVersion ??= kind.apiVersion;
  object.kind ??= kind.kind;
  if (object.kind !== kind.kind || object.apiVersion !== kind.apiVersion) {
    const why = `the object provided is a ${object.apiVersion} ${object.kind}, not a ${kind.apiVersion} ${kind.kind}`;
    throw new Refused(400, 'BadRequest', why);
  }
  const metadata = { ...object.metadata };
  if (namespace !== undefined && (metadata.namespace ?? namespace) !== namespace) {
    const why = `the namespace of the provided object does not match the namespace sent on the request`;
    throw new Refused(400, 'BadRequest', why);
  }
  if (kind.namespaced && namespace === undefined) {
    throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }
  if (namespace !== undefined) metadata.namespace = namespace;
  if (name !== undefined && (metadata.name ?? name) !== name) {
    const why = `the name of the object (${metadata.name}) does not match the name on the URL (${name})`;
    throw new Refused(400, 'BadRequest', why);
  }
  metadata.name ??= name ?? nameFrom(metadata.generateName);
  object.metadata = metadata;
  return object;
}

function nameFrom(base: string | undefined): string {
  if (base === undefined)
    throw new Refused(422, 'Invalid', 'metadata.name: Required value: name or generateName is required');
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return base + Array.from({ length: 5 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
}
