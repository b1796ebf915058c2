import type { Handler } from 'hono';
import { z } from 'zod';
import type { Finding } from '../../orchestrator/check-workspace.ts';
import { duration } from '../../records/time.ts';
import { parseForm } from '../form.ts';
import { showPage } from '../layout.tsx';
import { State, Table, type Tone } from '../show.tsx';
import type { WebEnv } from '../visitor.ts';
import type { WebWorld } from '../web-world.ts';
import { Bars } from './bars.tsx';
import { trendOf } from './workspaces.tsx';

const BACKUPS = 60;
const PICTURE_COLOURS = { bar: '#1d5fae', text: '#5a5f69' };

const backupForm = z.object({
  name: z.string().max(60).optional(),
  reason: z.string().max(300).optional(),
  notice: duration.optional(),
  now: z.literal('yes').optional(),
});

export function backUpWorkspace({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/backup'> {
  return async (context) => {
    const visitor = context.get('visitor');
    const { now, notice, ...wish } = await parseForm(context, backupForm);
    const workspace = context.req.param('name');
    const running = await orchestrator.requestBackup(visitor.person, {
      workspace,
      ...wish,
      noticeMs: now ? 0 : notice,
    });
    return context.redirect(`/operations/${running.operation().id}`, 303);
  };
}

export function startWorkspace({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/start'> {
  return async (context) => {
    const visitor = context.get('visitor');
    await orchestrator.startServices(visitor.person, context.req.param('name'));
    return context.redirect(`/workspaces/${context.req.param('name')}`, 303);
  };
}

const TONES: Record<Finding['state'], Tone> = { good: 'good', warning: 'warning', bad: 'bad' };

export function showCheck({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/check'> {
  return async (context) => {
    const workspace = context.req.param('name');
    const findings = await orchestrator.checkWorkspace(workspace);
    return showPage(
      context,
      { title: `What a backup of ${workspace} would need`, place: '/' },
      <Table
        caption="Looked at just now; nobody was disturbed"
        columns={[{ head: 'About' }, { head: 'State' }, { head: 'Says', isText: true }]}
        rows={findings.map(({ about, state, says }) => [about, <State tone={TONES[state]}>{state}</State>, says])}
      />,
    );
  };
}

/** A picture of its own, for mails. */
export function showDowntimePicture({ orchestrator }: WebWorld): Handler<WebEnv, '/workspaces/:name/downtime.svg'> {
  return async (context) => {
    const name = context.req.param('name');
    await orchestrator.approvers(name);
    const backups = await trendOf(orchestrator, name, BACKUPS);
    const picture = (
      <Bars backups={backups} of="downtimeMs" title={`Downtime of ${name}`} height={70} colours={PICTURE_COLOURS} />
    );
    return context.body(String(await picture), 200, { 'content-type': 'image/svg+xml' });
  };
}
