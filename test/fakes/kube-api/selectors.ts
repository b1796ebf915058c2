import type { Served } from './kinds-served.ts';
import { Refused, type Stored } from './store.ts';

type Test = (object: Stored) => boolean;

/** @throws Refused 400 for what the API does not understand. */
export function selection(served: Served, query: URLSearchParams): Test {
  const tests = [
    ...labelTests(query.get('labelSelector') ?? ''),
    ...fieldTests(served, query.get('fieldSelector') ?? ''),
  ];
  return (object) => tests.every((test) => test(object));
}

function labelTests(selector: string): Test[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter(Boolean)
    .map((term) => labelTest(term));
}

function labelTest(term: string): Test {
  const among = /^([^\s!=]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (among) {
    const [, key = '', word, list = ''] = among;
    const values = list.split(',').map((value) => value.trim());
    return (object) => values.includes(labelOf(object, key) ?? '\0') === (word === 'in');
  }
  const equals = /^([^\s!=]+)\s*(!=|==?)\s*([^\s=!]*)$/.exec(term);
  if (equals) {
    const [, key = '', operator, value] = equals;
    return (object) => (labelOf(object, key) === value) === (operator !== '!=');
  }
  const exists = /^(!?)\s*([^\s=!()]+)$/.exec(term);
  if (exists) return (object) => (labelOf(object, exists[2] ?? '') !== undefined) === (exists[1] !== '!');
  throw new Refused(400, 'BadRequest', `unable to parse requirement: ${term}`);
}

function labelOf(object: Stored, key: string): string | undefined {
  return object.metadata.labels?.[key];
}

/** Source: pkg/apis/<group>/v1/conversion.go of Kubernetes: only these can be asked for. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    ...['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork'],
    ...['status.phase', 'status.podIP', 'status.nominatedNodeName'],
  ],
  Event: [
    ...['involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid'],
    ...['involvedObject.apiVersion', 'involvedObject.resourceVersion', 'involvedObject.fieldPath'],
    ...['reason', 'reportingComponent', 'source', 'type'],
  ],
  Secret: ['type'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  ReplicaSet: ['status.replicas'],
  Job: ['status.successful'],
};

function fieldTests({ kind }: Served, selector: string): Test[] {
  return selector
    .split(',')
    .filter(Boolean)
    .map((term) => {
      const [, field = '', operator, value = ''] = /^([^!=]+)(!=|==?)(.*)$/.exec(term) ?? [];
      const isKnown = field === 'metadata.name' || (field === 'metadata.namespace' && kind.namespaced);
      if (!isKnown && !FIELDS[kind.kind]?.includes(field)) {
        throw new Refused(400, 'BadRequest', `field label not supported: ${field}`);
      }
      return (object) => (String(fieldOf(object, field) ?? '') === value) === (operator !== '!=');
    });
}

function fieldOf(object: Stored, field: string): unknown {
  return field
    .split('.')
    .reduce<unknown>((value, word) => (value as Record<string, unknown> | undefined)?.[word], object);
}
