import type { Handler } from 'hono';
import type { FC } from 'hono/jsx';
import { z } from 'zod';
import { writeKind } from '../../chat/messages/words.ts';
import type { Orchestrator } from '../../orchestrator/orchestrator.ts';
import type { OperationView } from '../../records/operation.ts';
import { duration } from '../../records/time.ts';
import { ChangeForm, TextField } from '../change-form.tsx';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { streamEvents } from '../live.ts';
import type { Visitor, WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { LivePicture } from './live-picture.tsx';
import { OperationLog } from './operation-log.tsx';

/** @throws UserError `unknown-operation`. */
async function findOperation(orchestrator: Orchestrator, id: string): Promise<OperationView> {
  const subject = await orchestrator.lookAt(id.startsWith('op_') ? id : `op_${id}`);
  if (subject.kind !== 'operation') throw new Error(`asked for the operation ${id}, answered a ${subject.kind}`);
  return subject.view;
}

export function showOperation({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id'> {
  return async (context) => {
    const view = await findOperation(orchestrator, context.req.param('id'));
    const nonce = context.get('secureHeadersNonce');
    const isRunning = view.status === 'running';
    const live = isRunning
      ? {
          'hx-sse:connect': `/operations/${view.id}/live?shown=${possibleWith(view)}`,
          'hx-sse:close': 'ended',
          'hx-swap': 'innerMorph',
        }
      : {};
    const steering = {
      'hx-get': `/operations/${view.id}/steering`,
      'hx-trigger': 'steering from:#live, ended from:#live',
    };
    return showPage(
      context,
      { title: `${capital(writeKind(view.kind))} of ${view.workspace}`, place: '/operations' },
      <div class="watch">
        <section id="live" aria-label="How it stands" {...live} hx-nonce={nonce}>
          <LivePicture view={view} />
        </section>
        <section aria-label="Actions" class="actions" {...(isRunning ? steering : {})} hx-nonce={nonce}>
          <Steering view={view} visitor={context.get('visitor')} />
        </section>
        {isRunning ? null : <OperationLog lines={await orchestrator.readLog(view.id)} />}
      </div>,
    );
  };
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** A picture is drawn no more often than this: of those in between only the newest is, whoever makes them. */
const FRAME_MS = 250;

/** What can be done about it, in a word. */
function possibleWith({ status, stopsAt }: OperationView): string {
  return status === 'running' && stopsAt !== undefined ? 'counting' : status;
}

/** Pictures as they change, and a word whenever what can be done about it is another. */
export function followOperation(world: WebWorld): Handler<WebEnv, '/operations/:id/live'> {
  return async (context) => {
    const { id } = await findOperation(world.orchestrator, context.req.param('id'));
    return streamEvents(context, world, async (stream, signal) => {
      // What the page offers: it may have changed before the page began to listen.
      let before = context.req.query('shown');
      for await (const view of world.follow(id, signal)) {
        await stream.writeSSE({ data: await pictureOf(view) });
        const possible = possibleWith(view);
        if (before !== undefined && before !== possible) await stream.writeSSE({ event: 'steering', data: '' });
        before = possible;
        if (view.status !== 'running') await stream.writeSSE({ event: 'ended', data: '' });
        else await world.clock.sleep(FRAME_MS, signal).catch(() => undefined);
      }
    });
  };
}

/** Drawn once, however many look: who watches makes no difference to it. */
const drawn = new WeakMap<OperationView, Promise<string>>();

function pictureOf(view: OperationView): Promise<string> {
  const known = drawn.get(view);
  if (known) return known;
  const picture = Promise.resolve(<LivePicture view={view} />).then(String);
  drawn.set(view, picture);
  return picture;
}

export function showSteering({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id/steering'> {
  return async (context) => {
    const view = await findOperation(orchestrator, context.req.param('id'));
    return context.html(<Steering view={view} visitor={context.get('visitor')} />);
  };
}

/** What can still be done about it. */
const Steering: FC<{ view: OperationView; visitor: Visitor }> = ({ view, visitor }) => {
  const { id, kind, status, stopsAt } = view;
  if (status !== 'running') {
    const isUndoable = status === 'succeeded' && (kind === 'restore' || kind === 'undo');
    if (!isUndoable) return null;
    return (
      <a class="button" href={`/operations/${id}/undo`}>
        Undo: see what it would bring back
      </a>
    );
  }
  return (
    <>
      {stopsAt === undefined ? null : (
        <ChangeForm action={`/operations/${id}/postpone`} visitor={visitor} label="Postpone">
          <label>
            By
            <select name="by">
              <option value="15m">15 minutes</option>
              <option value="30m" selected>
                30 minutes
              </option>
              <option value="1h">1 hour</option>
              <option value="4h">4 hours</option>
            </select>
          </label>
        </ChangeForm>
      )}
      {stopsAt === undefined ? null : (
        <ChangeForm action={`/operations/${id}/now`} visitor={visitor} label="Stop services now" />
      )}
      <ChangeForm action={`/operations/${id}/cancel`} visitor={visitor} label="Cancel" look="danger">
        <TextField label="Why" name="reason" size={24} />
      </ChangeForm>
    </>
  );
};

const postponeForm = z.object({ by: duration });
const cancelForm = z.object({ reason: z.string().max(300).optional() });

export function postponeOperation({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id/postpone'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { by } = await parseForm(context, postponeForm);
    await orchestrator.postpone(visitor.person, context.req.param('id'), by);
    return context.redirect(`/operations/${context.req.param('id')}`, 303);
  };
}

export function stopNow({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id/now'> {
  return async (context) => {
    const visitor = context.get('visitor');
    await orchestrator.postpone(visitor.person, context.req.param('id'), 'now');
    return context.redirect(`/operations/${context.req.param('id')}`, 303);
  };
}

export function cancelOperation({ orchestrator }: WebWorld): Handler<WebEnv, '/operations/:id/cancel'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { reason } = await parseForm(context, cancelForm);
    await orchestrator.cancel(visitor.person, context.req.param('id'), reason);
    return context.redirect(`/operations/${context.req.param('id')}`, 303);
  };
}
