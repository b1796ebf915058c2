import { z } from 'zod';
import { backupOf, crn, named, type Operation, operation, workspaceOf } from './operation.ts';
import { invalid, notFound } from './refused.ts';
import { backupsOf, detailOf, summaryOf } from './summaries.ts';
import type { World } from './world.ts';

const PAGE = 100;

/** Operations that change nothing. */
export const reading: Readonly<Record<string, Operation>> = {
  listWorkspaces: operation(z.strictObject({ queryOptions: z.array(z.string()).optional() }), (_, { world }) => ({
    workspaces: [...world.workspaces.values()].map((one) => summaryOf(world, one)),
  })),

  describeWorkspace: operation(z.strictObject(named), (request, { world }) => ({
    workspace: summaryOf(world, workspaceOf(world, request)),
  })),

  listWorkspaceBackups: operation(
    z.strictObject({
      ...named,
      queryOptions: z.strictObject({ expandEnvironmentMetadata: z.boolean().optional() }).optional(),
    }),
    (request, { world }) => {
      const newest = world.now().getTime() - world.habits.listLagMinutes * world.minuteMs;
      const backups = backupsOf(world, workspaceOf(world, request));
      return {
        backups: backups.filter(({ createdAt }) => createdAt.getTime() <= newest).map((one) => detailOf(world, one)),
      };
    },
  ),

  describeWorkspaceBackup: operation(z.strictObject({ backupCrn: crn.optional() }), ({ backupCrn }, { world }) => {
    if (backupCrn === undefined) throw invalid('backupCrn must be given');
    return { ...detailOf(world, backupOf(world, backupCrn)), isCrossNsBackup: false, instanceGroups: [] };
  }),

  getAuditEvents: operation(
    z.strictObject({ resourceCrn: crn.optional(), workspaceCrn: crn.optional() }),
    ({ workspaceCrn, resourceCrn = workspaceCrn }, { world }) => {
      if (resourceCrn === undefined) throw invalid('resourceCrn must be given');
      const found = world.events.filter(({ about }) => about.includes(resourceCrn));
      if (found.length === 0 && !world.backups.has(resourceCrn)) workspaceOf(world, { workspaceCrn: resourceCrn });
      const events = found.map(({ about: _, ...told }) => told);
      return { auditEvents: { workspaceCrn: found[0]?.workspaceCrn ?? resourceCrn, events } };
    },
  ),

  getLogs: operation(
    z.strictObject({
      requestID: z.string(),
      fetchAll: z.boolean().optional(),
      pageSize: z.int().positive().optional(),
      offset: z.int().nonnegative().optional(),
    }),
    ({ requestID, fetchAll = false, pageSize = PAGE, offset = 0 }, { world }) => {
      const all = logsOf(world, requestID);
      const logs = fetchAll ? all : all.slice(offset, offset + pageSize);
      return { auditLogs: { requestID, count: all.length, logs } };
    },
  ),

  getLatestWorkspaceVersion: operation(z.strictObject({}), (_, { world }) => ({ version: world.latestVersion })),
};

function logsOf(world: World, requestId: string) {
  const logs = world.logs.get(requestId);
  if (!logs) throw notFound(`No request ${requestId}`);
  return logs;
}
