import type { V1ConfigMap } from '@kubernetes/client-node';
import type { z } from 'zod';
import { OperationError } from '../../errors.ts';
import { type Cluster, isRefusal } from './cluster.ts';
import { CONFIG_MAP } from './kinds.ts';
import { idInNames, LABELS, OURS, objectName } from './names.ts';

/**
 * What the platform itself must remember of an operation (`swap`, `quiet`, `in-place`, ...), one ConfigMap each in the
 * workspace's own namespace: it must be there for a guard that runs without our data folder. A section is replaced whole.
 */
export interface OperationRecords {
  read<T>(operationId: string, section: string, schema: z.ZodType<T>): Promise<T | undefined>;
  write(operationId: string, section: string, value: unknown): Promise<void>;
  /** Without `section` all of it. */
  forget(operationId: string, section?: string): Promise<void>;
  /** Operations of this workspace that have this section. */
  having(section: string): Promise<string[]>;
}

export function createOperationRecords(cluster: Cluster, namespace: string, workspace: string): OperationRecords {
  const nameOf = (operationId: string) => objectName('cml-backup', idInNames(operationId));
  const patch = (operationId: string, data: Record<string, string | null>) =>
    cluster.patch(CONFIG_MAP, nameOf(operationId), namespace, { data });
  return {
    async read(operationId, section, schema) {
      const text = (await cluster.read(CONFIG_MAP, nameOf(operationId), namespace))?.data?.[section];
      return text === undefined ? undefined : parse(text, schema, `${section} of ${operationId}`);
    },
    async write(operationId, section, value) {
      const data = { [section]: JSON.stringify(value) };
      try {
        await patch(operationId, data);
      } catch (error) {
        if (!isRefusal(error, 'NotFound')) throw error;
        const labels = {
          [LABELS.managedBy]: OURS,
          [LABELS.workspace]: workspace,
          [LABELS.operation]: operationId,
          [LABELS.role]: 'record',
        };
        const metadata = { name: nameOf(operationId), namespace, labels };
        const made: V1ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
        try {
          await cluster.create(CONFIG_MAP, made);
        } catch (cause) {
          if (!isRefusal(cause, 'AlreadyExists')) throw cause;
          await patch(operationId, data);
        }
      }
    },
    async forget(operationId, section) {
      if (section === undefined) return cluster.remove(CONFIG_MAP, nameOf(operationId), namespace);
      try {
        await patch(operationId, { [section]: null });
      } catch (error) {
        if (!isRefusal(error, 'NotFound')) throw error;
      }
    },
    async having(section) {
      const labels = `${LABELS.managedBy}=${OURS},${LABELS.workspace}=${workspace},${LABELS.role}=record`;
      const found = await cluster.list(CONFIG_MAP, { namespace, labels });
      return found
        .filter(({ data }) => data?.[section] !== undefined)
        .map(({ metadata }) => metadata?.labels?.[LABELS.operation] ?? '');
    },
  };
}

function parse<T>(text: string, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new OperationError('unknown-data', `What is kept in the cluster as ${what} cannot be understood.`, { cause });
  }
}
