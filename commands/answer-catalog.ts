import type { Answer } from '../src/chat/answer.ts';
import { writeCount } from '../src/chat/messages/words.ts';
import type { CatalogCheck } from '../src/orchestrator/check-catalog.ts';
import type { Finding } from '../src/orchestrator/check-workspace.ts';
import type { Rebuilt } from '../src/orchestrator/rebuild-catalog.ts';
import { asJson } from './answers.ts';

const MARKS = { good: 'ok', warning: 'note', bad: 'BAD' };

function tableOf(found: readonly { readonly workspace: string; readonly findings: readonly Finding[] }[]) {
  const rows = found.flatMap(({ workspace, findings }) =>
    findings.map(({ about, state, says }) => [MARKS[state], workspace, about, says]),
  );
  return rows.length === 0 ? {} : { table: { columns: ['', 'Workspace', 'About', 'Says'], rows } };
}

function badOf(found: readonly { readonly findings: readonly Finding[] }[]): number {
  return found.flatMap(({ findings }) => findings).filter(({ state }) => state === 'bad').length;
}

function namesOf(found: readonly { readonly workspace: string }[]): string {
  return found.map(({ workspace }) => workspace).join(', ') || 'no workspace';
}

export function answerCatalogCheck(checks: readonly CatalogCheck[]): Answer {
  const bad = badOf(checks);
  const orphans = checks.find((check) => check.orphans.length + check.strays.length > 0 && !check.removed);
  return {
    text:
      bad === 0
        ? `The catalog and the repository of ${namesOf(checks)} fit.`
        : `${writeCount(bad, 'thing')} in the catalog or the repository of ${namesOf(checks)} ${bad === 1 ? 'is' : 'are'} not as ${bad === 1 ? 'it' : 'they'} should be.`,
    tone: bad === 0 ? 'good' : 'bad',
    ...tableOf(checks),
    ...(bad > 0 ? { failed: true } : {}),
    ...(orphans ? { hint: `Drop what nobody needs: cml catalog check ${orphans.workspace} --remove` } : {}),
    json: asJson({ fits: bad === 0, workspaces: checks }),
  };
}

export function answerRemovalPlan(check: CatalogCheck): Answer {
  const { workspace, orphans, strays } = check;
  const copies = `${writeCount(orphans.length, 'copy', 'copies')} in the repository of ${workspace}`;
  const objects = strays.length > 0 ? ` and ${writeCount(strays.length, 'object')} that operations left behind` : '';
  return {
    text: `${copies}${objects} would be removed. Nothing was done.`,
    tone: 'info',
    ...tableOf([check]),
    json: asJson({ plan: { workspace, copyIds: orphans, strays } }),
    hint: `Drop them: cml catalog check ${workspace} --remove`,
  };
}

export function answerRebuilt(rebuilt: readonly Rebuilt[]): Answer {
  const added = rebuilt.flatMap((one) => one.added);
  const bad = badOf(rebuilt);
  const held = rebuilt.filter((one) => one.added.length > 0).map(({ workspace }) => workspace);
  return {
    text: `${writeCount(added.length, 'backup')} of ${namesOf(rebuilt)} ${added.length === 1 ? 'was' : 'were'} added from the repository${bad > 0 ? `; ${writeCount(bad, 'thing')} could not be brought back whole` : ''}.`,
    tone: bad > 0 ? 'warning' : 'good',
    ...tableOf(rebuilt),
    ...(bad > 0 ? { failed: true } : {}),
    ...(held.length > 0 ? { hint: `Retention is off until you have looked: cml catalog confirm ${held[0]}` } : {}),
    json: asJson({ added, workspaces: rebuilt.map(({ workspace, findings }) => ({ workspace, findings })) }),
  };
}

export function answerConfirmed(workspace: string, wasOff: boolean): Answer {
  return {
    text: wasOff ? `Retention of ${workspace} may go on.` : `Retention of ${workspace} was not off.`,
    tone: wasOff ? 'good' : 'info',
    json: { workspace, retentionWasOff: wasOff },
  };
}
