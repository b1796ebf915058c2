import { rm } from 'node:fs/promises';
import { suggestTimeout } from '../backup/forecast.ts';
import { planBackup } from '../backup/plan-backup.ts';
import { isSeen, writePart } from '../chat/messages/parts.ts';
import { writeCount, writeKind, writeSize } from '../chat/messages/words.ts';
import { explain, isAppError } from '../errors.ts';
import type { BackupPlan } from '../records/plan.ts';
import { writeDuration } from '../records/time.ts';
import type { WorkspacePolicy } from '../records/workspace.ts';
import type { Inspection } from '../workspace/inspection.ts';
import { policyNow } from './approvers.ts';
import type { Room } from './room.ts';

/** One thing that was looked at. */
export interface Finding {
  readonly about: string;
  readonly state: 'good' | 'warning' | 'bad';
  readonly says: string;
}

/** Looks at everything that a backup and a restore will need, and disturbs nobody. */
export async function checkWorkspace(room: Room, workspace: string): Promise<Finding[]> {
  const settings = room.settingsOf(workspace);
  const { platform, mover } = room.world.portsFor(settings);
  const { chat } = room.world;
  const inspection = await platform.inspect();
  const folderName = room.world.newId('op');
  const folder = await room.folderOf(folderName);
  try {
    const ports = { platform, mover, catalog: room.world.catalog };
    const wishes = {
      workspace,
      policy: settings.policy,
      operationId: folderName,
      folder,
      timeoutMs: settings.policy.timeout,
    };
    const facts = await finding('mover', async () => `restic ${(await mover.probe()).version}`);
    let plan: BackupPlan | undefined;
    const planned = await finding('preflight', async () => {
      plan = await planBackup(ports, wishes, AbortSignal.timeout(600_000));
      return 'a backup could begin now; the repository answers and is not held';
    });
    return [
      ...serviceFindings(inspection),
      facts,
      planned,
      ...(plan ? planFindings(plan, inspection) : []),
      ...(await historyFindings(room, workspace)),
      approverFinding(await policyNow(room, settings)),
      ...[chat.weakness, chat.trouble].flatMap((says) =>
        says === undefined ? [] : [{ about: 'messages', state: 'warning' as const, says }],
      ),
      ...inspection.warnings.map((says): Finding => ({ about: 'workspace', state: 'warning', says })),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function finding(about: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { about, state: 'good', says: await look() };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const why = explain(error);
    return { about, state: 'bad', says: error.hint ? `${why.replace(/\.?$/, '.')} ${error.hint}` : why };
  }
}

function serviceFindings({ services }: Inspection): Finding[] {
  if (services.length === 0) {
    return [{ about: 'services', state: 'warning', says: 'none are known, so nothing will be stopped for the cut' }];
  }
  return services.map(({ name, running, ready }) => ({
    about: `service ${name}`,
    state: running && ready ? 'good' : 'warning',
    says: !running
      ? 'is not running: it will not be started by a backup either'
      : ready
        ? 'runs and is ready'
        : 'runs and is NOT ready',
  }));
}

function planFindings(plan: BackupPlan, inspection: Inspection): Finding[] {
  const budget = writeDuration(plan.budgetMs);
  return [
    ...plan.parts.map((part): Finding => {
      const { freeBytes: free = 0, notBeside } = inspection.parts.find(({ name }) => name === part.name) ?? {};
      const holds = isSeen(part) ? `, ${writeCount(part.files, 'file')}, ${writeSize(part.bytes)}` : '';
      const what = `${writePart(part)}${holds}`;
      const room =
        notBeside !== undefined
          ? `; a restore writes everything IN PLACE: ${notBeside}`
          : free < part.bytes
            ? `; NO ROOM beside it for a restore (${writeSize(free)} free)`
            : '';
      return {
        about: part.name,
        state: part.capture === 'after-start' || room ? 'warning' : 'good',
        says: `${what}; ${part.capture}: ${part.reason}${part.capture === 'after-start' ? '; NOT CONSISTENT' : ''}${room}`,
      };
    }),
    ...plan.leftOut.map(
      ({ name, reason }): Finding => ({ about: name, state: 'warning', says: `not in the backup: ${reason}` }),
    ),
    {
      about: 'downtime',
      state: 'good',
      says: `about ${writeDuration(plan.forecast.downtimeMs)} of a budget of ${budget} (from ${plan.forecast.basis})`,
    },
    {
      about: 'time-out',
      state: plan.timeoutMs === undefined || plan.timeoutMs > plan.forecast.totalMs ? 'good' : 'warning',
      says: `${plan.timeoutMs === undefined ? 'none set' : writeDuration(plan.timeoutMs)}; suggested: ${suggestTimeout(plan.forecast, plan.noticeMs)}`,
    },
    ...plan.warnings
      .filter((says) => !inspection.warnings.includes(says))
      .map((says): Finding => ({ about: 'plan', state: 'warning', says })),
  ];
}

async function historyFindings(room: Room, workspace: string): Promise<Finding[]> {
  const [last] = await room.world.catalog.backups.list({ workspace, status: 'completed', limit: 1 });
  const running = room.runningIn(workspace)?.operation();
  const age = last ? room.world.clock.now().getTime() - Date.parse(last.takenAt) : 0;
  return [
    {
      about: 'last backup',
      state: last ? 'good' : 'warning',
      says: last ? `${last.id}, ${writeDuration(age)} ago` : 'none yet',
    },
    {
      about: 'other operation',
      state: running ? 'warning' : 'good',
      says: running ? `the ${writeKind(running.kind)} ${running.id} is running` : 'none',
    },
  ];
}

function approverFinding({ approvers, votes, breakGlass }: WorkspacePolicy): Finding {
  const enough = approvers.length > votes;
  const alone = breakGlass.length > 0 ? `; alone in an emergency (break-glass): ${breakGlass.join(', ')}` : '';
  return {
    about: 'approvals',
    state: approvers.length >= votes ? 'good' : 'warning',
    says:
      approvers.length >= votes
        ? `restores need ${votes} of: ${approvers.join(', ')}${enough ? '' : ' (who cannot approve what they ask for themselves)'}${alone}`
        : `nobody can approve a restore; name approvers under policy.approvers${alone}`,
  };
}
