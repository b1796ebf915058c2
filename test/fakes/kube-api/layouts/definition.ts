import { CONFIG_MAP, type Kind, NAMESPACE, SECRET } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import { WORKSPACE } from './layout.ts';
import { put } from './objects.ts';
import type { ServiceSpec } from './services.ts';

const space = (apiVersion: string, kind: string, plural: string): Kind => ({
  ...{ apiVersion, kind, plural },
  namespaced: true,
});
export const SERVICE = space('v1', 'Service', 'services');
export const SERVICE_ACCOUNT = space('v1', 'ServiceAccount', 'serviceaccounts');
export const ROLE = space('rbac.authorization.k8s.io/v1', 'Role', 'roles');
export const ROLE_BINDING = space('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings');
export const INGRESS = space('networking.k8s.io/v1', 'Ingress', 'ingresses');
export const NETWORK_POLICY = space('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies');
export const ROUTE = space('route.openshift.io/v1', 'Route', 'routes');

export const HOST = 'ml-1a2b3c4d-5e6.apps.cdp.example.com';

/** A namespace is labelled with its own name: network policies go by it. Source: reference/cloudera.md 4.1. */
export function putNamespace(lab: KubeLab, name: string, annotations: Readonly<Record<string, string>> = {}): void {
  const labels = { name, 'kubernetes.io/metadata.name': name };
  put(lab, NAMESPACE, {
    ...{ metadata: { name, labels, annotations }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
  });
  put(lab, SERVICE_ACCOUNT, { metadata: { name: 'default', namespace: name } });
  put(lab, CONFIG_MAP, { metadata: { name: 'kube-root-ca.crt', namespace: name }, data: { 'ca.crt': PEM } });
}

/** Configuration, secrets, addresses and rights, as they define the workspace. Source: reference/cloudera.md 4.7. */
export function putDefinition(lab: KubeLab, services: readonly ServiceSpec[]): void {
  const here = (name: string) => ({ name, namespace: WORKSPACE });
  const coded = (data: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  put(lab, CONFIG_MAP, {
    metadata: here('cdsw-config'),
    data: { DOMAIN: HOST, NAMESPACE: WORKSPACE, VERSION: '2.0.45' },
  });
  put(lab, CONFIG_MAP, { metadata: here('private-cloud-ca-certs-pem'), data: { 'ca.pem': PEM } });
  put(lab, SECRET, {
    ...{ metadata: here('cml-tls-secret'), type: 'kubernetes.io/tls' },
    data: coded({ 'tls.crt': PEM, 'tls.key': 'the key of the workspace' }),
  });
  const login = coded({ '.dockerconfigjson': '{"auths":{}}' });
  put(lab, SECRET, { metadata: here('regcred'), type: 'kubernetes.io/dockerconfigjson', data: login });
  put(lab, SECRET, { metadata: here('db-credentials'), type: 'Opaque', data: coded({ POSTGRES_PASSWORD: 'sense' }) });
  put(lab, NETWORK_POLICY, {
    metadata: here(`allow-from-${WORKSPACE}`),
    spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { name: WORKSPACE } } }] }] },
  });
  put(lab, ROLE, {
    metadata: here('ds-operator'),
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'create', 'delete'] }],
  });
  put(lab, ROLE_BINDING, {
    metadata: here('ds-operator'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'ds-operator' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: WORKSPACE }],
  });
  for (const account of ['cml-backup', 'cml-restore']) put(lab, SERVICE_ACCOUNT, { metadata: here(account) });
  for (const { name, port } of services)
    if (port !== undefined)
      put(lab, SERVICE, {
        metadata: { ...here(name), labels: { app: name } },
        spec: { selector: { app: name }, ports: [{ port, targetPort: port, protocol: 'TCP' }], type: 'ClusterIP' },
      });
}

export function putIngress(lab: KubeLab): void {
  const backend = { service: { name: 'web', port: { number: 3000 } } };
  put(lab, INGRESS, {
    metadata: { name: 'web', namespace: WORKSPACE },
    spec: {
      tls: [{ hosts: [HOST, `*.${HOST}`], secretName: 'cml-tls-secret' }],
      rules: [{ host: HOST, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  });
}

export function putRoute(lab: KubeLab): void {
  put(lab, ROUTE, {
    metadata: { name: 'web', namespace: WORKSPACE },
    spec: {
      host: HOST,
      to: { kind: 'Service', name: 'web' },
      tls: { termination: 'passthrough' },
      wildcardPolicy: 'None',
    },
  });
}

const PEM = '-----BEGIN CERTIFICATE-----\nof nobody\n-----END CERTIFICATE-----\n';
