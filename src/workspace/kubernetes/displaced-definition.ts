import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { V1Secret } from '@kubernetes/client-node';
import { z } from 'zod';
import { OperationError } from '../../errors.ts';
import type { DefinitionFile } from '../platform.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { SECRET } from './kinds.ts';
import { idInNames, LABELS, objectName } from './names.ts';
import { volumeLabels } from './settle-volumes.ts';

/** A definition that is kept in the cluster, in so many pieces. */
export const keptDefinition = z.object({
  sha256: z.string(),
  release: z.string(),
  pieces: z.number().int().positive(),
});
export type KeptDefinition = z.infer<typeof keptDefinition>;

/** A Secret holds 1 MiB at most. Source: kubernetes.io, Secrets, "Restriction on Secret data size". */
const PIECE_BYTES = 700_000;

const pieceName = (operationId: string, at: number) =>
  objectName('cml-displaced', idInNames(operationId), 'definition', String(at + 1));

/** Stands for the path of a definition that lies in the cluster; see `readDefinitionText`. */
export function keptPath(operationId: string): string {
  return `cluster:/displaced/${operationId}/definition`;
}

function operationIn(path: string): string | undefined {
  return /^cluster:\/displaced\/(op_[0-9a-z]+)\/definition$/.exec(path)?.[1];
}

/** Undefined, with a word in the log, when the file is not what it is said to be. */
export async function keepDefinition(
  context: KubeContext,
  operationId: string,
  { path, sha256, release }: DefinitionFile,
): Promise<KeptDefinition | undefined> {
  const text = await readIfThere(path);
  if (text === undefined || createHash('sha256').update(text).digest('hex') !== sha256) {
    context.log.warn({ operationId, path }, 'the displaced definition is not there, so it is not kept');
    return undefined;
  }
  const packed = await promisify(gzip)(text);
  const pieces = Math.max(1, Math.ceil(packed.length / PIECE_BYTES));
  for (let at = 0; at < pieces; at += 1) {
    const piece = packed.subarray(at * PIECE_BYTES, (at + 1) * PIECE_BYTES).toString('base64');
    const metadata = {
      name: pieceName(operationId, at),
      namespace: context.namespace,
      labels: { ...volumeLabels(context, operationId, 'definition', 'displaced') },
    };
    await write(context, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata, data: { piece } });
  }
  return { sha256, release, pieces };
}

async function write({ cluster, namespace }: KubeContext, secret: V1Secret): Promise<void> {
  try {
    await cluster.create(SECRET, secret);
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
    await cluster.patch(SECRET, secret.metadata?.name ?? '', namespace, { data: secret.data });
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}

export async function dropDefinition({ cluster, namespace, workspace }: KubeContext, operationId: string) {
  const labels = `${LABELS.workspace}=${workspace},${LABELS.operation}=${operationId},${LABELS.role}=displaced`;
  const found = await cluster.list(SECRET, { namespace, labels });
  await Promise.all(found.map(({ metadata }) => cluster.remove(SECRET, metadata?.name ?? '', namespace)));
}

/**
 * The text of a definition, at the path of a file or kept in the cluster.
 * @throws OperationError `part-missing` when it is not kept any more.
 */
export async function readDefinitionText(context: KubeContext, path: string): Promise<string> {
  const operationId = operationIn(path);
  return operationId === undefined ? readFile(path, 'utf8') : readKept(context, operationId);
}

async function readKept({ cluster, namespace }: KubeContext, operationId: string): Promise<string> {
  const pieces: Buffer[] = [];
  for (;;) {
    const secret = await cluster.read(SECRET, pieceName(operationId, pieces.length), namespace);
    if (!secret) break;
    pieces.push(Buffer.from(secret.data?.piece ?? '', 'base64'));
  }
  if (pieces.length > 0) return (await promisify(gunzip)(Buffer.concat(pieces))).toString('utf8');
  throw new OperationError('part-missing', `The definition that ${operationId} displaced is not kept any more`);
}
