import type { Handler } from 'hono';
import { z } from 'zod';
import { describeUndoPlan } from '../../chat/messages/request.ts';
import { duration } from '../../records/time.ts';
import { ChangeForm, TextField, Tick } from '../change-form.tsx';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Lines } from './ask.tsx';

const undoForm = z.object({
  reason: z.string().max(300).optional(),
  confirm: z.string().max(100).optional(),
  notice: duration.optional(),
  now: z.literal('yes').optional(),
});

export function showUndo({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id/undo'> {
  return async (context) => {
    const plan = await orchestrator.planUndo(context.req.param('id'));
    return showPage(
      context,
      { title: `Undo ${plan.undoes} of ${plan.workspace}`, place: '/operations' },
      <>
        <p>Nothing has been done yet. This is what it would do, if another person approves:</p>
        <Lines lines={describeUndoPlan(plan)} />
        <ChangeForm
          action={`/operations/${plan.undoes}/undo`}
          visitor={context.get('visitor')}
          label="Ask for this undo"
          look="danger"
        >
          <TextField label="Why (the approver will read it)" name="reason" size={30} />
          <TextField label="Warn people this long before" name="notice" placeholder="as configured" size={12} />
          <Tick label="Do not wait: stop services at once" name="now" />
          <TextField label={`Type ${plan.workspace} to confirm`} name="confirm" required size={18} />
        </ChangeForm>
      </>,
    );
  };
}

export function askUndo({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id/undo'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { now, notice, ...wish } = await parseForm(context, undoForm);
    const { id } = await orchestrator.requestUndo(visitor.person, {
      operation: context.req.param('id'),
      ...wish,
      noticeMs: now ? 0 : notice,
    });
    return context.redirect(`/requests/${id}`, 303);
  };
}
