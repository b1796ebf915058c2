import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { V1Secret } from '@kubernetes/client-node';
import { z } from 'zod';
import { moment } from '../../records/time.ts';
import { workspacePolicy } from '../../records/workspace.ts';
import { type DefinitionFile, runningNote } from '../platform.ts';
import type { Cluster } from './cluster.ts';
import { SECRET } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { kubernetesSettings } from './settings.ts';
import { guardName } from './taken-over.ts';

/** All that the guard needs, so that it acts without the configuration, the server or its data folder. */
export const guardOrder = z.object({
  workspace: z.string(),
  namespace: z.string(),
  operationId: z.string(),
  /** New with every arming; the guard answers with it. */
  nonce: z.string(),
  settings: kubernetesSettings,
  policy: workspacePolicy,
  image: z.string(),
  note: runningNote,
  /** Of the definition that is put back with the data; its text is kept beside, in so many pieces. */
  putBack: z.object({ sha256: z.string(), release: z.string(), pieces: z.number().int().positive() }).optional(),
  actsAt: moment,
  /** From arming to `actsAt`, in ms: measured by a clock that nobody can set. */
  spanMs: z.number(),
  pageCommand: z.array(z.string()).optional(),
});
export type GuardOrder = z.infer<typeof guardOrder>;

/** Written on the Secret by the guard when it has read an order: proof that it lives and knows. */
export const ANSWER = 'cml-backup/guard-answer';

/** A Secret holds 1 MiB at most. Source: kubernetes.io, Secrets, "Restriction on Secret data size". */
const PIECE_BYTES = 700_000;

const pieceName = (operationId: string, at: number) => `${guardName(operationId)}-${at + 1}`;

export async function readOrder(
  cluster: Cluster,
  namespace: string,
  operationId: string,
): Promise<GuardOrder | undefined> {
  const secret = await cluster.read(SECRET, guardName(operationId), namespace);
  return secret && orderIn(secret);
}

export function orderIn({ data }: V1Secret): GuardOrder {
  return guardOrder.parse(JSON.parse(Buffer.from(data?.order ?? '', 'base64').toString('utf8')));
}

export function orderSecret(order: GuardOrder): V1Secret {
  return secretOf(order, guardName(order.operationId), { order: JSON.stringify(order) });
}

/** The text of a definition in pieces that a Secret takes. */
export async function definitionSecrets(
  order: Pick<GuardOrder, 'namespace' | 'workspace' | 'operationId'>,
  { path }: DefinitionFile,
): Promise<V1Secret[]> {
  const packed = await promisify(gzip)(await readFile(path));
  const count = Math.max(1, Math.ceil(packed.length / PIECE_BYTES));
  return Array.from({ length: count }, (_, at) =>
    secretOf(order, pieceName(order.operationId, at), {
      piece: packed.subarray(at * PIECE_BYTES, (at + 1) * PIECE_BYTES),
    }),
  );
}

export async function readDefinition(cluster: Cluster, order: GuardOrder): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < (order.putBack?.pieces ?? 0); at += 1) {
    const secret = await cluster.read(SECRET, pieceName(order.operationId, at), order.namespace);
    pieces.push(Buffer.from(secret?.data?.piece ?? '', 'base64'));
  }
  return promisify(gunzip)(Buffer.concat(pieces));
}

/** The order goes last: while it stands, the rest is removed again by whoever acts on it. */
export async function removeOrder(cluster: Cluster, { namespace, operationId, putBack }: GuardOrder): Promise<void> {
  for (let at = 0; at < (putBack?.pieces ?? 0); at += 1)
    await cluster.remove(SECRET, pieceName(operationId, at), namespace);
  await cluster.remove(SECRET, guardName(operationId), namespace);
}

function secretOf(
  { namespace, workspace, operationId }: Pick<GuardOrder, 'namespace' | 'workspace' | 'operationId'>,
  name: string,
  data: Readonly<Record<string, string | Buffer>>,
): V1Secret {
  const labels = {
    [LABELS.managedBy]: OURS,
    [LABELS.workspace]: workspace,
    [LABELS.operation]: operationId,
    [LABELS.role]: 'guard',
  };
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
    metadata: { name, namespace, labels },
    data: Object.fromEntries(encoded),
  };
}
