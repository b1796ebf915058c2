import type {
  V1Affinity,
  V1Job,
  V1PodSpec,
  V1ResourceRequirements,
  V1SecurityContext,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import type { Program } from '../../program.ts';
import type { KubeContext } from './context.ts';
import { idInNames, LABELS, NOTES, OURS, objectName } from './names.ts';
import type { MountedPlaces } from './places.ts';
import { CONTAINER } from './pod-sight.ts';
import { fingerprintOf, GATE_FILE, GATE_FOLDER, OUTPUT_FOLDER, SCRIPT_FILE } from './program-script.ts';
import { bytesOf } from './quantity.ts';
import { type SecretMounts, secretEnvironment } from './secrets.ts';

const DEFAULT_GRACE_MS = 60_000;

/** Reading everything, whoever owns it; and what giving back owners, modes, attributes and devices takes besides. */
const TO_READ = ['DAC_READ_SEARCH'];
const TO_WRITE = [...TO_READ, 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];

/** The object that runs a program of an operation; its Secret has the same name. */
export function programNameOf(operationId: string, key: string): string {
  return objectName('cml-run', idInNames(operationId), key);
}

export function labelsOf(
  { workspace }: KubeContext,
  operationId: string,
  role: 'mover' | 'holder' | 'secret' | 'share',
) {
  return {
    [LABELS.managedBy]: OURS,
    [LABELS.workspace]: workspace,
    [LABELS.operation]: operationId,
    [LABELS.role]: role,
  };
}

export interface JobParts {
  readonly name: string;
  readonly operationId: string;
  readonly program: Program;
  readonly places: MountedPlaces;
  readonly secrets: SecretMounts;
  /** Of the namespace, on OpenShift: without it the files of its pods cannot be read. */
  readonly seLinuxLevel?: string | undefined;
  /** It waits at its gate, and ends by itself after so long, in milliseconds: it holds volumes that services need. */
  readonly gatedForMs?: number | undefined;
  readonly role?: 'mover' | 'holder' | undefined;
}

const GATE_VOLUME = 'gate';

/** One pod, one try; it must end by itself. */
export function describeJob(context: KubeContext, parts: JobParts): V1Job {
  const { name, operationId, program, gatedForMs, role = 'mover' } = parts;
  const labels = labelsOf(context, operationId, role);
  const gate = gatedForMs === undefined ? {} : { [NOTES.gate]: 'closed' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: context.namespace,
      labels,
      annotations: { [NOTES.asked]: fingerprintOf(program) },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: Math.ceil((gatedForMs ?? context.settings.movers.deadline) / 1_000),
      template: {
        metadata: { labels, annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false', ...gate } },
        spec: describePod(context, parts),
      },
    },
  };
}

function describePod(context: KubeContext, parts: JobParts): V1PodSpec {
  const { name, program, places, secrets, seLinuxLevel } = parts;
  const { movers } = context.settings;
  const scratch = (program.needs?.scratchFolders ?? []).map((mountPath, at) => ({ name: `scratch-${at}`, mountPath }));
  const empty = [{ name: 'output', mountPath: OUTPUT_FOLDER }, ...scratch];
  const gate = parts.gatedForMs === undefined ? [] : [describeGate()];
  const affinity = places.nodeName === undefined ? undefined : onNode(places.nodeName);
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: Math.ceil((program.graceMs ?? DEFAULT_GRACE_MS) / 1_000),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // Never `fsGroup`: it rewrites the modes of all files, also on what is mounted read-only.
    securityContext: seLinuxLevel === undefined ? {} : { seLinuxOptions: { level: seLinuxLevel } },
    ...(movers.serviceAccount === undefined ? {} : { serviceAccountName: movers.serviceAccount }),
    ...(affinity === undefined ? {} : { affinity }),
    nodeSelector: movers.nodeSelector,
    tolerations: movers.tolerations,
    imagePullSecrets: movers.imagePullSecrets.map((secret) => ({ name: secret })),
    containers: [
      {
        name: CONTAINER,
        image: program.needs?.image ?? movers.image ?? context.image,
        command: ['sh', SCRIPT_FILE],
        env: secretEnvironment(name, program),
        resources: resourcesFor(movers, program.needs?.memoryBytes ?? 0),
        securityContext: securityContextOf(context, program, places.isWritten),
        volumeMounts: [...places.mounts, ...secrets.mounts, ...empty, ...gate.map(({ mount }) => mount)],
      },
    ],
    volumes: [
      ...places.volumes,
      secrets.volume,
      ...empty.map((one) => ({ name: one.name, emptyDir: {} })),
      ...gate.map(({ volume }) => volume),
    ],
  };
}

/** The pod's own annotation as a file: the kubelet writes it anew as soon as it sees the pod changed. */
function describeGate(): { readonly mount: V1VolumeMount; readonly volume: V1Volume } {
  const fieldRef = { fieldPath: `metadata.annotations['${NOTES.gate}']` };
  return {
    mount: { name: GATE_VOLUME, mountPath: GATE_FOLDER, readOnly: true },
    volume: { name: GATE_VOLUME, downwardAPI: { items: [{ path: GATE_FILE, fieldRef }] } },
  };
}

/** What is expected of a program may be more than what is configured for all; it may take twice that before it is killed. */
function resourcesFor(
  { requests, limits }: Pick<KubeContext['settings']['movers'], 'requests' | 'limits'>,
  expectedBytes: number,
): V1ResourceRequirements {
  return {
    requests: withMemory(requests, expectedBytes),
    limits: limits.memory === undefined ? limits : withMemory(limits, 2 * expectedBytes),
  };
}

function withMemory(amounts: Readonly<Record<string, string>>, leastBytes: number): Record<string, string> {
  if (bytesOf(amounts.memory) >= leastBytes) return { ...amounts };
  return { ...amounts, memory: `${Math.ceil(leastBytes / 2 ** 20)}Mi` };
}

function securityContextOf({ settings }: KubeContext, { needs }: Program, isWritten: boolean): V1SecurityContext {
  if (needs?.uid !== undefined) {
    return { runAsUser: needs.uid, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  }
  return (
    settings.movers.securityContext ?? {
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: isWritten ? TO_WRITE : TO_READ },
    }
  );
}

/** By the scheduler, unlike `nodeName`: only it waits for room and picks the node of volumes that have none yet. */
function onNode(name: string): V1Affinity {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } } };
}
