import { isDeepStrictEqual } from 'node:util';
import { Refused, type Stored } from './store.ts';

interface Cause {
  readonly field: string;
  readonly reason: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueTooLong';
  readonly message: string;
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const SAYS_SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const SAYS_LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SAYS_LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const LABEL_NAMED = new Set(['Namespace', 'Service']);
const FREELY_NAMED = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);
/** Longest names, where shorter than the usual 253: the names of what they make must still fit a label. */
const LONGEST: Readonly<Record<string, number>> = { CronJob: 52, Job: 63, Namespace: 63, Service: 63 };
const MOST_DATA = 1_048_576;
const MOST_ANNOTATIONS = 262_144;

/** What the API server checks and what a writer can get wrong; storage has its own admission. @throws Refused 422 */
export function validate(object: Stored, standing?: Stored): void {
  const causes = [
    ...metadataCauses(object),
    ...dataCauses(object),
    ...(standing ? changeCauses(object, standing) : []),
  ];
  if (causes.length === 0) return;
  const said = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = said.length === 1 ? said[0] : `[${said.join(', ')}]`;
  const message = `${object.kind} "${object.metadata.name}" is invalid: ${list}`;
  throw new Refused(422, 'Invalid', message, { kind: object.kind, causes });
}

function metadataCauses({ kind = '', metadata }: Stored): Cause[] {
  const causes: Cause[] = [];
  const { name, labels = {}, annotations = {} } = metadata;
  const isLabel = LABEL_NAMED.has(kind);
  if (!FREELY_NAMED.has(kind) && !(isLabel ? LABEL_1123 : SUBDOMAIN).test(name)) {
    causes.push(invalid('metadata.name', name, isLabel ? SAYS_LABEL : SAYS_SUBDOMAIN));
  }
  const most = LONGEST[kind] ?? 253;
  if (name.length > most) causes.push(invalid('metadata.name', name, `must be no more than ${most} characters`));
  for (const value of Object.values(labels)) {
    if (value.length > 63) causes.push(invalid('metadata.labels', value, 'must be no more than 63 bytes'));
    if (!LABEL_VALUE.test(value)) causes.push(invalid('metadata.labels', value, SAYS_LABEL_VALUE));
  }
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + key.length + Buffer.byteLength(value),
    0,
  );
  if (bytes > MOST_ANNOTATIONS) {
    const message = `Too long: may not be more than ${MOST_ANNOTATIONS} bytes`;
    causes.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', message });
  }
  return causes;
}

function dataCauses(object: Stored): Cause[] {
  if (object.kind !== 'ConfigMap' && object.kind !== 'Secret') return [];
  const data = Object.entries((object.data ?? {}) as Record<string, string>);
  const bytes = data.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0);
  const causes: Cause[] = data
    .filter(([key]) => !/^[-._a-zA-Z0-9]+$/.test(key))
    .map(([key]) =>
      invalid(`data[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"),
    );
  if (bytes > MOST_DATA) {
    const message = `Too long: may not be more than ${MOST_DATA} bytes`;
    causes.push({ field: 'data', reason: 'FieldValueTooLong', message });
  }
  return causes;
}

function changeCauses(object: Stored, standing: Stored): Cause[] {
  if (object.metadata.uid !== standing.metadata.uid) {
    return [invalid('metadata.uid', object.metadata.uid, 'field is immutable')];
  }
  if (standing.immutable && !isDeepStrictEqual(object.data, standing.data)) {
    return [forbidden('data', 'field is immutable when `immutable` is set')];
  }
  return specCauses(object, standing);
}

const SET_CHANGES = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit'];
SET_CHANGES.push('persistentVolumeClaimRetentionPolicy', 'minReadySeconds');

function specCauses({ kind, spec = {} }: Stored, { spec: before = {} }: Stored): Cause[] {
  const same = (...fields: string[]) => fields.every((field) => isDeepStrictEqual(spec[field], before[field]));
  if (kind === 'StatefulSet') {
    const fields = [...new Set([...Object.keys(spec), ...Object.keys(before)])].filter(
      (field) => !SET_CHANGES.includes(field),
    );
    const list =
      "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'";
    return same(...fields)
      ? []
      : [forbidden('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)];
  }
  if (kind === 'Deployment' && !same('selector'))
    return [invalid('spec.selector', spec.selector, 'field is immutable')];
  if (kind === 'Job' && !same('selector', 'completions'))
    return [invalid('spec.selector', spec.selector, 'field is immutable')];
  if (kind === 'Job' && !same('template')) return [invalid('spec.template', spec.template, 'field is immutable')];
  if (kind === 'Pod' && !same('volumes', 'restartPolicy')) {
    return [forbidden('spec', 'pod updates may not change fields other than `spec.containers[*].image`')];
  }
  return [];
}

function invalid(field: string, value: unknown, why: string): Cause {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}

function forbidden(field: string, why: string): Cause {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` };
}
