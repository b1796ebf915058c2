import { rm } from 'node:fs/promises';
import { copiesOf } from '../backup/delete-plan.ts';
import { type Judgement, judgeCopies, makerOf } from '../backup/judge-copies.ts';
import { writeCount } from '../chat/messages/words.ts';
import { UserError } from '../errors.ts';
import type { Copy } from '../mover/mover.ts';
import type { Person } from '../records/person.ts';
import type { Stray } from '../workspace/stray.ts';
import { deletingFindings, folderFindings, lostFindings, markFindings, noteFindings } from './catalog-findings.ts';
import type { Finding } from './check-workspace.ts';
import type { Room } from './room.ts';
import { findStrays, LEFT_BEHIND, strayFindings } from './strays.ts';
import { vendorFindings } from './vendor-findings.ts';

export interface CatalogCheck {
  readonly workspace: string;
  readonly findings: readonly Finding[];
  /** Copies in the repository that nobody needs. */
  readonly orphans: readonly string[];
  /** What operations that are over left where the workspace stands. */
  readonly strays: readonly Stray[];
  /** Whether they were dropped now. */
  readonly removed: boolean;
}

/** Compares the catalog with the repository and with what stands around, both ways. Changes nothing. */
export async function checkCatalog(room: Room, workspace: string): Promise<CatalogCheck> {
  const settings = room.settingsOf(workspace);
  return inOwnFolder(room, async (folder) => {
    // Before the copies are listed: a backup that is recorded meanwhile has copies that this list does not show.
    const known = (await room.world.catalog.backups.known()).filter((backup) => backup.workspace === workspace);
    const { mover, platform } = room.world.portsFor(settings);
    const copies = await mover.list([], { folder, key: 'list-all' });
    const found = await judgeAll(room, copies);
    const orphans = found.flatMap((one) => one.orphans.map(({ id }) => id));
    const strays = await findStrays(room, platform, (id) => isNotOver(room, id));
    const findings = [
      ...found.flatMap(copyFinding),
      ...strayFindings(strays),
      ...(await lostFindings(room, known, new Set(copies.map(({ id }) => id)))),
      ...(await vendorFindings(room, workspace, known, platform)),
      ...(await deletingFindings(room, workspace)),
      ...(await markFindings(room, workspace)),
      ...noteFindings(room, (await platform.inspect()).notedBy),
      ...(await folderFindings(room)),
    ];
    return { workspace, findings, orphans, strays: strays.orphans, removed: false };
  });
}

/**
 * The same, then drops the copies that nobody needs. The workspace is kept to itself from before the look: nothing can
 * begin to need one of them. What dies half-way is found by the next check.
 */
export async function removeOrphans(room: Room, person: Person, workspace: string, confirm?: string) {
  const { catalog, clock, portsFor } = room.world;
  const settings = room.settingsOf(workspace);
  room.requireOperator(person, settings);
  if (confirm !== workspace) {
    throw new UserError(
      'not-confirmed',
      `Copies that are removed from the repository of ${workspace} are gone for ever.`,
      {
        hint: `Type the name of the workspace when asked, or add: --confirm ${workspace}`,
      },
    );
  }
  return room.claim(workspace, 'cml catalog check --remove', async (): Promise<CatalogCheck> => {
    const checked = await checkCatalog(room, workspace);
    const { orphans, strays } = checked;
    if (orphans.length === 0 && strays.length === 0) return checked;
    const at = clock.now().toISOString();
    const reason = `${writeCount(orphans.length, 'copy', 'copies')} and ${writeCount(strays.length, 'object')} that nobody needs`;
    await catalog.audit.append({ at, by: person, did: 'asked to remove copies', workspace, reason });
    const { mover, platform } = portsFor(settings);
    await platform.removeStrays?.([...new Set(strays.map(({ operationId }) => operationId))]);
    await inOwnFolder(room, async (folder) => {
      for (let from = 0; from < orphans.length; from += AT_ONCE) {
        await mover.forget(orphans.slice(from, from + AT_ONCE), { folder, key: `forget-${from}` });
      }
    });
    const says = `${reason} were removed; the room of copies comes back with the next prune`;
    const findings = checked.findings.filter(
      ({ about, state }) => about !== ORPHANS && !(about === LEFT_BEHIND && state === 'bad'),
    );
    return { ...checked, findings: [...findings, { about: ORPHANS, state: 'good', says }], removed: true };
  });
}

const ORPHANS = 'orphans';
/** Copies that one call drops: their names have to fit on a command line. */
const AT_ONCE = 500;

async function inOwnFolder<T>(room: Room, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await room.folderOf(room.world.newId('op'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Judges every copy with all others of the operation that made it. */
async function judgeAll(room: Room, copies: readonly Copy[]): Promise<Judgement[]> {
  const byMaker = new Map<string | undefined, Copy[]>();
  for (const copy of copies) byMaker.set(makerOf(copy), [...(byMaker.get(makerOf(copy)) ?? []), copy]);
  const judgements: Judgement[] = [];
  for (const [maker, made] of byMaker) judgements.push(await judgeMade(room, maker, made));
  return judgements;
}

export async function judgeMade(room: Room, maker: string | undefined, made: readonly Copy[]): Promise<Judgement> {
  const { catalog, clock } = room.world;
  const isOpen = maker !== undefined && (await isNotOver(room, maker));
  const backup = maker === undefined ? undefined : await catalog.backups.get(maker.replace('op_', 'bkp_'));
  const operation = maker === undefined || backup ? undefined : await catalog.operations.get(maker);
  const judged = judgeCopies(maker, made, { operation, isOpen, backup, now: clock.now() });
  if (judged.orphans.length === 0) return judged;
  // Whoever else names one of them keeps it, whatever its tag says.
  const ids = judged.orphans.map(({ id }) => id);
  const others = await catalog.backups.list({ copies: ids, status: ['completed', 'incomplete', 'deleting'] });
  const named = new Set(others.flatMap(copiesOf));
  const orphans = judged.orphans.filter(({ id }) => !named.has(id));
  return { ...judged, orphans, kind: orphans.length > 0 ? 'orphans' : 'owned' };
}

/** Running, left open, or open and not taken up: its copies may still be needed. */
async function isNotOver({ world, running }: Room, id: string): Promise<boolean> {
  if (running().some((one) => one.operation().id === id)) return true;
  return (await world.catalog.operations.listOpen()).some((operation) => operation.id === id);
}

function copyFinding({ kind, orphans, why }: Judgement): Finding[] {
  if (kind === 'owned') return [];
  if (kind === 'orphans') {
    const says = `${writeCount(orphans.length, 'copy', 'copies')} in the repository that nobody needs: ${why}`;
    return [{ about: ORPHANS, state: 'bad', says }];
  }
  if (kind === 'unknown') {
    return [{ about: 'unknown backup', state: 'bad', says: `${why}; add it with: cml catalog rebuild` }];
  }
  return [{ about: 'copies', state: 'warning', says: `some copies are left alone: ${why}` }];
}
