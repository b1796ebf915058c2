import { judgeBackups } from '../backup/apply-retention.ts';
import type { Backup } from '../records/backup.ts';
import type { Room } from './room.ts';

/** How long a backup stays, by the rules as they are now. Nothing says when: rules count what will be made. */
export interface Expiry {
  /** `by-rules`: there are so many in its workspace that only who asks for all of them is told. */
  readonly is: 'kept' | 'goes' | 'without-rules' | 'by-rules' | 'over';
  readonly because: readonly string[];
}

/** Judging them reads each record of the workspace: for a list of backups of many workspaces, and for a single one. */
const MOST_JUDGED = { inList: 200, alone: 2_000 };
const FRESH_MS = 60_000;

interface Judgement {
  readonly madeAt: number;
  readonly byId: ReadonlyMap<string, Expiry>;
}

/** Answers by the backups' ids. */
export function createExpiries(room: Room): (backups: readonly Backup[]) => Promise<ReadonlyMap<string, Expiry>> {
  const { catalog, clock, workspaces } = room.world;
  const judgements = new Map<string, Judgement>();
  const judging = new Map<string, Promise<Judgement['byId']>>();
  room.onEnd((workspace) => void judgements.delete(workspace));

  /** One that knows all of these: some may be younger than the last one. */
  async function judge(workspace: string, ids: readonly string[]): Promise<Judgement['byId']> {
    const now = clock.now();
    const known = judgements.get(workspace);
    const isFresh = known !== undefined && now.getTime() - known.madeAt < FRESH_MS;
    if (isFresh && ids.every((id) => known.byId.has(id))) return known.byId;
    // Who asks while that is read is told the same.
    const begun = judging.get(workspace) ?? judgeNow(workspace, now).finally(() => judging.delete(workspace));
    judging.set(workspace, begun);
    return begun;
  }

  async function judgeNow(workspace: string, now: Date): Promise<Judgement['byId']> {
    const { goes, kept } = await judgeBackups(catalog, room.settingsOf(workspace), now);
    const all = [
      ...goes.map((one) => ({ ...one, is: 'goes' as const })),
      ...kept.map((one) => ({ ...one, is: 'kept' as const })),
    ];
    const byId = new Map(all.map(({ id, is, because }) => [id, { is, because }]));
    judgements.set(workspace, { madeAt: now.getTime(), byId });
    return byId;
  }

  const hasRules = ({ workspace }: Backup) =>
    Object.hasOwn(workspaces, workspace) && workspaces[workspace]?.retention !== undefined;

  /** Of which workspaces it costs little. */
  async function findSmall(judged: readonly Backup[]): Promise<string[]> {
    const most = judged.length > 1 ? MOST_JUDGED.inList : MOST_JUDGED.alone;
    const small: string[] = [];
    for (const workspace of new Set(judged.map((one) => one.workspace))) {
      if ((await catalog.backups.known(workspace)).length <= most) small.push(workspace);
    }
    return small;
  }

  return async (backups) => {
    const byRules = backups.filter((one) => atOnce(one) === undefined && hasRules(one));
    const found = new Map<string, Expiry>();
    for (const workspace of await findSmall(byRules)) {
      const ids = byRules.filter((one) => one.workspace === workspace).map(({ id }) => id);
      for (const [id, expiry] of await judge(workspace, ids)) found.set(id, expiry);
    }
    const otherwise = (one: Backup): Expiry => ({ is: hasRules(one) ? 'by-rules' : 'without-rules', because: [] });
    return new Map(backups.map((one) => [one.id, atOnce(one) ?? found.get(one.id) ?? otherwise(one)]));
  };
}

/** What its own record says. */
function atOnce({ status, pinned }: Backup): Expiry | undefined {
  if (status === 'deleting' || status === 'deleted') return { is: 'over', because: [] };
  return pinned ? { is: 'kept', because: [`pinned by ${pinned.by}`] } : undefined;
}
