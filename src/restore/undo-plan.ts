import { createHash } from 'node:crypto';
import type { UndoPlan } from '../records/plan.ts';
import type { Inspection } from '../workspace/inspection.ts';
import type { Displaced } from '../workspace/swaps.ts';

/** What is known of the operation that displaced it. */
interface Undone {
  readonly workspace: string;
  readonly backupId: string;
  readonly displacedAt: string;
  /** How long services were down for it. */
  readonly downtimeMs: number;
}

/** What would happen, as the approver sees it: a pure function of what is kept and of what stands there now. */
export function makeUndoPlan(kept: Displaced, undone: Undone, inspection: Inspection, lookedAt: Date): UndoPlan {
  const parts = kept.parts.map(({ part, within }) => ({
    name: part,
    ...(within === undefined ? {} : { within }),
    path: inspection.parts.find(({ name }) => name === part)?.path ?? '',
  }));
  const names = new Set(parts.map(({ name }) => name));
  const isWhole = parts.every(({ within }) => within === undefined);
  const live = inspection.parts.filter(({ name }) => names.has(name));
  const written = live.map((part) => part.writtenSince).filter((count) => count !== undefined);
  const plan = {
    undoes: kept.operationId,
    backupId: undone.backupId,
    workspace: undone.workspace,
    takenAt: undone.displacedAt,
    keptUntil: kept.until,
    parts,
    ...(kept.definition ? { definitionSha256: kept.definition.sha256 } : {}),
    releaseThen: kept.definition?.release ?? inspection.release,
    releaseNow: inspection.release,
  };
  return {
    ...plan,
    digest: digestOf(plan),
    forecast: {
      downtimeMs: undone.downtimeMs,
      totalMs: undone.downtimeMs,
      basis: `the downtime of ${kept.operationId}`,
    },
    overwrites: isWhole ? live.map(({ name, files, bytes }) => ({ name, files, bytes })) : [],
    ...(isWhole && written.length > 0 ? { writtenSince: written.reduce((sum, count) => sum + count, 0) } : {}),
    lookedAt: lookedAt.toISOString(),
    warnings: [],
  };
}

/** What an approval is bound to: nothing that changes by itself is part of it. */
function digestOf(plan: Omit<UndoPlan, 'digest' | 'forecast' | 'overwrites' | 'lookedAt' | 'warnings'>): string {
  const bound = [
    plan.undoes,
    plan.workspace,
    plan.definitionSha256 ?? null,
    plan.releaseThen,
    plan.releaseNow,
    plan.parts.map(({ name, within, path }) => [name, within ?? null, path]),
  ];
  return createHash('sha256').update(JSON.stringify(bound)).digest('hex');
}
