import type { V1Job } from '@kubernetes/client-node';
import type { KubeContext } from './context.ts';
import { LABELS, OURS } from './names.ts';
import { guardName } from './taken-over.ts';

/**
 * The Job of the guard. It is started again wherever its pod fails or its node is lost, for as long as it is armed; once it
 * has acted, the cluster removes it after a day.
 */
export function guardJob(context: KubeContext, operationId: string, program: readonly string[]): V1Job {
  const { namespace, workspace, settings, image } = context;
  const { serviceAccount, nodeSelector, tolerations, imagePullSecrets } = settings.movers;
  const labels = {
    [LABELS.managedBy]: OURS,
    [LABELS.workspace]: workspace,
    [LABELS.operation]: operationId,
    [LABELS.role]: 'guard',
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: guardName(operationId), namespace, labels },
    spec: {
      backoffLimit: 1_000,
      ttlSecondsAfterFinished: 86_400,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'OnFailure',
          ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
          automountServiceAccountToken: true,
          terminationGracePeriodSeconds: 10,
          nodeSelector,
          tolerations,
          imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'guard',
              image,
              command: [...program, namespace, operationId],
              resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '384Mi' } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
