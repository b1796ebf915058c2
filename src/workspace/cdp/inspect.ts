import type { Inspection, PartState } from '../inspection.ts';
import type { WorkspacePlatform } from '../platform.ts';
import type { OperationName } from './client/wire.ts';
import type { CdpContext } from './context.ts';
import { findAbsent, lookAtWorkspace, obstacleOf, servicesOf } from './look.ts';
import { pathOfCrn, VENDOR_PART } from './names.ts';
import { readNote } from './note.ts';
import { workloadsToTell } from './workloads.ts';

type InspectOptions = NonNullable<Parameters<WorkspacePlatform['inspect']>[0]>;

export async function inspectWorkspace(context: CdpContext, options: InspectOptions): Promise<Inspection> {
  const { signal, toRestore } = options;
  const absent = toRestore ? await findAbsent(context, { signal }) : undefined;
  if (absent) return inspectAbsent(context, options);
  const seen = await lookAtWorkspace(context, { signal });
  const beside = await context.files.inspect(options);
  // Only where somebody is about to decide: it asks a question for each operation.
  const offers = options.count || toRestore ? await offersOf(context, signal) : { warnings: [] };
  const obstacle = obstacleOf(seen) ?? offers.obstacle;
  const running = await workloadsToTell(context, seen.told.instanceUrl, { signal });
  const note = await readNote(context);
  return {
    release: seen.told.version ?? 'unknown',
    services: await servicesOf(context, seen),
    parts: [vendorPart(seen.told.crn), ...beside.parts.map((part) => ({ ...part, location: 'external' as const }))],
    leftOut: beside.leftOut,
    warnings: [...beside.warnings, ...offers.warnings, ...withoutProof(context), ...running.warnings],
    ...(running.workloads === undefined ? {} : { workloads: running.workloads }),
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(note === undefined ? {} : { notedBy: note.operationId }),
  };
}

/** One that a restore would make: its external folders are there already, or nothing can be written into them. */
async function inspectAbsent(context: CdpContext, options: InspectOptions): Promise<Inspection> {
  const beside = await context.files.inspect(options);
  return {
    ...{ release: 'none', services: [], leftOut: beside.leftOut, warnings: beside.warnings },
    parts: [vendorPart('none'), ...beside.parts.map((part) => ({ ...part, location: 'external' as const }))],
    obstacle: 'its control plane does not have it',
  };
}

function vendorPart(crn: string): PartState {
  return {
    name: VENDOR_PART,
    kind: 'vendor',
    location: 'internal',
    path: pathOfCrn(crn),
    capture: 'vendor',
    reason:
      'the control plane takes volumes, internal files and the definition with a backup of its own; nobody else can look into it',
    possible: ['vendor'],
    files: 0,
    bytes: 0,
    exclude: [],
    freeBytes: 0,
    present: true,
  };
}

const NEEDED: readonly OperationName[] = ['describeWorkspace', 'listWorkspaceBackups', 'backupWorkspace'];

/** What lacks when an operation is not there. */
const LACKS: Partial<Record<OperationName, string>> = {
  requestWorkflowCancellation: 'a backup that has begun cannot be called off',
  deleteBackup: 'backups cannot be deleted through it',
  restoreWorkspace: 'nothing can be restored through it',
  getAuditEvents: 'how far a backup is cannot be seen',
  getLogs: 'how far a backup is cannot be seen',
};

async function offersOf({ controlPlane }: CdpContext, signal: AbortSignal | undefined) {
  const offers = await controlPlane.probeOperations({ signal });
  const without = (names: readonly OperationName[]) =>
    names.filter((name) => offers[name] === 'missing' || offers[name] === 'forbidden');
  const say = (name: OperationName) =>
    offers[name] === 'forbidden' ? `may not be asked by us: ${name}` : `does not have ${name}`;
  const [needed] = without(NEEDED);
  const lacking = without(Object.keys(LACKS) as OperationName[]);
  return {
    ...(needed === undefined
      ? {}
      : { obstacle: `the control plane ${say(needed)}, and no backup can be made without it` }),
    warnings: lacking.map((name) => `The control plane ${say(name)}: ${LACKS[name]}.`),
  };
}

function withoutProof({ settings }: CdpContext): string[] {
  if (settings.sharedFolders.length === 0 || settings.databaseProbe) return [];
  return ['External folders can only be captured approximately: no databaseProbe says when the database is gone.'];
}
