import { readFile } from 'node:fs/promises';
import type { V1EnvVar, V1Secret, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { PortError } from '../../errors.ts';
import type { Program } from '../../program.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { SECRET } from './kinds.ts';
import { SCRIPT_FILE } from './program-script.ts';

/** The small fixed environment; HOME is the image's. */
const FIXED = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** What the API takes in one Secret, less some room for names. Source: kubernetes pkg/apis/core, MaxSecretSize. */
const MOST_BYTES = 1024 * 1024 - 16 * 1024;

const VOLUME_NAME = 'secret';
const SCRIPT_KEY = 'program';
const fileKey = (at: number) => `file-${at}`;
const environmentKey = (name: string) => `env.${name}`;

export interface SecretMounts {
  readonly volume: V1Volume;
  readonly mounts: readonly V1VolumeMount[];
}

/** Everything that a program is, in one Secret: nothing of it stands in the Job, where `$(...)` would be filled in. */
export async function keepSecret(
  { cluster, namespace }: KubeContext,
  name: string,
  labels: Record<string, string>,
  program: Program,
  script: string,
): Promise<void> {
  const files = await Promise.all((program.needs?.secretFiles ?? []).map(readSecretFile));
  const entries: [string, Buffer][] = [
    [SCRIPT_KEY, Buffer.from(script)],
    ...files.map((content, at): [string, Buffer] => [fileKey(at), content]),
    ...Object.entries(program.env ?? {}).map(([key, value]): [string, Buffer] => [
      environmentKey(key),
      Buffer.from(value),
    ]),
  ];
  const bytes = entries.reduce((sum, [, { length }]) => sum + length, 0);
  if (bytes > MOST_BYTES)
    throw new PortError(
      'platform-unavailable',
      `The secret files of ${program.key} are too large for a cluster: ${bytes} bytes`,
    );
  const secret: V1Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels },
    data: Object.fromEntries(entries.map(([key, content]) => [key, content.toString('base64')])),
  };
  try {
    await cluster.create(SECRET, secret);
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
    // Left by an earlier life that died before it made the Job.
    await cluster.replace(SECRET, secret);
  }
}

async function readSecretFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new PortError('platform-unavailable', `The secret file ${path} cannot be read`, { cause });
  }
}

/** Each file at the path that it has here. */
export function secretMounts(name: string, program: Program, isRoot: boolean): SecretMounts {
  const at = (mountPath: string, subPath: string) => ({ name: VOLUME_NAME, mountPath, subPath, readOnly: true });
  return {
    // They belong to root and get no group (that takes `fsGroup`): anyone else has to be let in by the mode.
    volume: { name: VOLUME_NAME, secret: { secretName: name, defaultMode: isRoot ? 0o400 : 0o444 } },
    mounts: [
      at(SCRIPT_FILE, SCRIPT_KEY),
      ...(program.needs?.secretFiles ?? []).map((path, index) => at(path, fileKey(index))),
    ],
  };
}

/** An image of another kind knows best where its programs are. */
export function secretEnvironment(name: string, { env = {}, needs }: Program): V1EnvVar[] {
  return [
    ...Object.entries(FIXED)
      .filter(([key]) => env[key] === undefined && !(key === 'PATH' && needs?.image !== undefined))
      .map(([key, value]) => ({ name: key, value })),
    ...Object.keys(env).map((key) => ({ name: key, valueFrom: { secretKeyRef: { name, key: environmentKey(key) } } })),
  ];
}
