import { VALIDATING_WEBHOOK } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { KubeLab } from '../lab.ts';
import { SERVICE } from './definition.ts';
import { WORKSPACE } from './layout.ts';
import { put, putService } from './objects.ts';

export const EVALUATOR = `mlx-${WORKSPACE}-pod-evaluator`;

/** A service that every new pod of the workspace is shown to, its own left out. */
export function putEvaluator(lab: KubeLab): void {
  putService(lab, { name: EVALUATOR, kind: 'Deployment', port: 8443 }, '');
  put(lab, SERVICE, {
    metadata: { name: EVALUATOR, namespace: WORKSPACE },
    spec: { selector: { app: EVALUATOR }, ports: [{ port: 443, targetPort: 8443 }] },
  });
}

/** Fails closed: without a ready pod of the service no pod can be made. Only once that pod is there. */
export function putWebhook(lab: KubeLab): void {
  put(lab, VALIDATING_WEBHOOK, {
    metadata: { name: EVALUATOR },
    webhooks: [
      {
        ...{ name: 'pods.evaluator.mlx.cloudera.com', failurePolicy: 'Fail', sideEffects: 'None' },
        admissionReviewVersions: ['v1'],
        clientConfig: { service: { name: EVALUATOR, namespace: WORKSPACE, path: '/validate' } },
        namespaceSelector: { matchLabels: { name: WORKSPACE } },
        objectSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [EVALUATOR] }] },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      },
    ],
  });
}
