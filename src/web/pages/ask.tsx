import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { describeDeletePlan, describeRestorePlan } from '../../chat/messages/request.ts';
import type { RestorePlan } from '../../records/plan.ts';
import { duration } from '../../records/time.ts';
import { workspaceName } from '../../records/workspace.ts';
import { ChangeForm, TextField, Tick } from '../change-form.tsx';
import { parseForm, parseQuery } from '../form.ts';
import { showPage } from '../layout.tsx';
import { Note } from '../show.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { findBackup } from './backup.tsx';

/** One path a line, as they are written for `--only`. */
const only = z
  .string()
  .max(20_000)
  .optional()
  .transform((text) =>
    text
      ?.split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean),
  );
const scope = z.object({ only, to: workspaceName.optional() });
const asked = { reason: z.string().max(300).optional(), confirm: z.string().max(100).optional() };
const restoreForm = scope.extend({ ...asked, notice: duration.optional(), now: z.literal('yes').optional() });
const deleteForm = z.object(asked);

export function showRestore({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/restore'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const wanted = parseQuery(context, scope);
    const { backup, plan } = await orchestrator.planRestore(visitor.person, {
      backup: context.req.param('id'),
      ...wanted,
    });
    return showPage(
      context,
      { title: `Restore ${plan.workspace} from ${backup.name ?? backup.id}`, place: '/backups' },
      <>
        <p>Nothing has been done yet. This is what it would do, if another person approves:</p>
        <RestorePlanLines plan={plan} />
        <details open={wanted.only !== undefined || wanted.to !== undefined}>
          <summary>Only some paths, or into another workspace</summary>
          <form class="row" method="get">
            <label>
              Only these paths, one a line: a part, and a path in it
              <textarea name="only" rows={3} cols={50} placeholder="projects/alice/notes.ipynb">
                {wanted.only?.join('\n')}
              </textarea>
            </label>
            <label>
              Into
              <select name="to">
                {orchestrator.workspaces().map((name) => (
                  <option value={name} selected={name === plan.workspace}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <button type="submit">Show what that would do</button>
          </form>
        </details>
        <h2>Ask for it</h2>
        <ChangeForm
          action={`/backups/${backup.id}/restore`}
          visitor={visitor}
          label="Ask for this restore"
          look="danger"
        >
          <input type="hidden" name="only" value={wanted.only?.join('\n')} />
          <input type="hidden" name="to" value={wanted.to} />
          <TextField label="Why (the approver will read it)" name="reason" size={30} />
          <TextField label="Warn people this long before" name="notice" placeholder="as configured" size={12} />
          <Tick label="Do not wait: stop services at once" name="now" />
          <TextField label={`Type ${plan.workspace} to confirm`} name="confirm" required size={18} />
        </ChangeForm>
      </>,
    );
  };
}

export const RestorePlanLines: FC<{ plan: RestorePlan }> = ({ plan }) => <Lines lines={describeRestorePlan(plan)} />;

/** Sentences of a plan; what is lost or cannot be undone stands out. */
export const Lines: FC<{ lines: readonly string[] }> = ({ lines }) => (
  <ul class="plan">
    {lines.map((line) => (
      <li class={/cannot be undone|INCOMPLETE|for ever/.test(line) ? 'grave' : undefined}>{line}</li>
    ))}
  </ul>
);

export function askRestore({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/restore'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { now, notice, ...wish } = await parseForm(context, restoreForm);
    const { id } = await orchestrator.requestRestore(visitor.person, {
      backup: context.req.param('id'),
      ...wish,
      noticeMs: now ? 0 : notice,
    });
    return context.redirect(`/requests/${id}`, 303);
  };
}

export function showDelete({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/delete'> {
  return async (context) => {
    const backup = await findBackup(orchestrator, context.req.param('id'));
    const plan = await orchestrator.planDelete(backup.id);
    return showPage(
      context,
      { title: `Delete ${backup.name ?? backup.id}`, place: '/backups' },
      <>
        <Note tone="bad">This removes data for ever, if another person approves.</Note>
        <Lines lines={describeDeletePlan(plan)} />
        <ChangeForm
          action={`/backups/${backup.id}/delete`}
          visitor={context.get('visitor')}
          label="Ask for this deletion"
          look="danger"
        >
          <TextField label="Why (the approver will read it)" name="reason" size={30} />
          <TextField label={`Type ${plan.workspace} to confirm`} name="confirm" required size={18} />
        </ChangeForm>
      </>,
    );
  };
}

export function askDelete({ orchestrator }: WebWorld): Handler<WebEnv, '/backups/:id/delete'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const wish = await parseForm(context, deleteForm);
    const { id } = await orchestrator.requestDelete(visitor.person, { backup: context.req.param('id'), ...wish });
    return context.redirect(`/requests/${id}`, 303);
  };
}
