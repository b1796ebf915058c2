import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chat } from '../../../src/chat/chat.ts';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import type { Request } from '../../../src/records/request.ts';
import { makeRequest } from '../../fakes/records.ts';
import { announcement, type ChatWorld, createChatWorld, DOWN_SINCE, ended, viewAt } from './chat-world.ts';

let world: ChatWorld;
beforeEach(async () => {
  world = await createChatWorld();
});
afterEach(() => world.dispose());

const eventually = (look: () => void) => vi.waitFor(look, { timeout: 5_000, interval: 20 });

/** What a runner says of a backup, from its beginning to its end. */
async function tellBackup(chat: Chat): Promise<void> {
  chat.show(viewAt(0));
  await chat.announce(announcement);
  chat.show(viewAt(5, { downSince: DOWN_SINCE }));
  chat.show(viewAt(7, { downSince: DOWN_SINCE, downtimeMs: 10_000 }));
  chat.show(viewAt(9, { status: 'succeeded', downtimeMs: 10_000, endedAt: '2026-03-01T12:02:00.000Z' }));
  await chat.post(ended);
}

describe('an operation in Slack', () => {
  it('is one message that becomes its summary, with milestones in its thread', async () => {
    const chat = world.live();
    await tellBackup(chat);
    await chat.end();
    await expect(`${JSON.stringify(world.shown(), undefined, 2)}\n`).toMatchFileSnapshot('golden/backup.json');
  });

  it('is drawn while it runs, with its steps and what can be done', async () => {
    const chat = world.live();
    chat.show(viewAt(2, { progress: { bytesDone: 500_000, bytesTotal: 2_000_000 } }));
    await eventually(() => expect(world.shown()).toHaveLength(1));
    await expect(`${JSON.stringify(world.shown(), undefined, 2)}\n`).toMatchFileSnapshot('golden/running.json');
  });

  it('says when services stop, and draws it anew only when a mark is passed', async () => {
    const chat = world.live();
    const stopsAt = new Date(Date.now() + 14 * 60_000).toISOString();
    await chat.announce(announcement);
    chat.show(viewAt(3, { stopsAt }));
    await eventually(() => expect(JSON.stringify(world.shown())).toContain('in less than 15 min'));
    const edits = world.slack.requests.length;
    for (let frame = 0; frame < 20; frame += 1)
      chat.show(viewAt(3, { stopsAt, progress: { remainingMs: 1_000 * frame } }));
    await chat.end();
    expect(world.slack.requests.length).toBe(edits);
    expect(JSON.stringify(world.shown())).toContain('Services were down for 1m 50s and 2m the last times.');
  });

  it('never leaves an older picture over the summary', async () => {
    const chat = world.live();
    await chat.announce(announcement);
    for (let step = 1; step < 9; step += 1) chat.show(viewAt(step));
    await chat.post(ended);
    chat.show(viewAt(8));
    await chat.end();
    expect(world.shown()[0]).toMatchObject({ text: expect.stringContaining('completed in 2m') });
  });

  it('says in the end who asked, who approved, and where its page is', async () => {
    const chat = world.live({ catalogUrl: 'https://cml.example.org/' });
    chat.show(viewAt(4, { approvedBy: ['carol', 'dave'] }));
    await chat.post({ ...ended, backupId: 'bkp_00000000aa' });
    const text = world.slack.history(world.channel)[0]?.text;
    expect(text).toContain('Asked by bob: before the upgrade\n• Approved by carol and dave.');
    expect(text).toContain('<https://cml.example.org/backups/bkp_00000000aa|bkp_00000000aa in the catalog>');
  });

  it('calls who asked, too, when services stay down', async () => {
    const chat = world.live();
    chat.show(viewAt(4));
    await chat.page({ ...ended, tone: 'bad', text: 'lab: SERVICES ARE DOWN.' });
    expect(world.slack.history(world.channel).map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^<!here> <@U0BOB> /),
    );
  });

  it('calls those on call when it failed, and everybody hears of it', async () => {
    const chat = world.live();
    chat.show(viewAt(4));
    await chat.post({ ...ended, tone: 'bad', text: 'lab: the backup op_00000000aa failed: the disk is full.' });
    const [told] = world.slack.thread(world.channel, world.slack.history(world.channel)[0]?.ts ?? '').slice(1);
    expect(told).toMatchObject({ reply_broadcast: true, text: expect.stringMatching(/^<@U0BOB> <!here> /) });
  });

  it('shows nothing that people wrote as a mention or as formatting', async () => {
    const chat = world.live();
    await chat.post({ ...ended, text: 'lab: <!channel> <@U0CAROL> *bold* & <https://x.example|y> failed.' });
    const [message] = world.slack.history(world.channel);
    expect(message?.text).toContain('lab: &lt;!channel&gt; &lt;@U0CAROL&gt; *bold* &amp; &lt;https');
    expect(message?.blocks?.[0]).toMatchObject({ type: 'section', text: { type: 'plain_text' } });
  });
});

describe('people whose work ends with a stop', () => {
  const affected = {
    ...announcement,
    affects: [{ owner: 'carol', what: '1 session' }, { owner: 'zoe@example.org', what: '2 jobs' }, { what: '1 job' }],
  };

  it('are told once each, and once more when it moves; the channel says how many were told', async () => {
    world.slack.people.add({ id: 'U0ZOE', name: 'zoe', email: 'zoe@example.org' });
    const chat = world.live();
    expect(await chat.announce(affected)).toEqual({ reached: 3 });
    expect(await chat.announce(affected)).toEqual({ reached: 3 });
    expect(world.slack.dms('U0CAROL')).toMatchObject([{ text: expect.stringContaining('ends with it: 1 session') }]);
    expect(world.slack.dms('U0ZOE')).toHaveLength(1);
    expect(world.slack.history(world.channel)[0]?.text).toContain('2 of 3 people whose work ends with it');
    await chat.post({ ...announcement, text: 'lab: carol postponed it.' });
    expect(
      world.slack
        .dms('U0ZOE')
        .map(({ text }) => text)
        .at(-1),
    ).toContain('carol postponed it');
  });

  it('are asked for again when Slack did not say who they are', async () => {
    world.slack.people.add({ id: 'U0ZOE', name: 'zoe', email: 'zoe@example.org' });
    const chat = world.live();
    world.slack.faults.next('users.lookupByEmail', { kind: 'rate-limited', retryAfterSeconds: 1 });
    expect(await chat.announce(affected)).toEqual({ reached: 2 });
    await eventually(() => expect(world.slack.dms('U0ZOE')).toHaveLength(1));
    await eventually(() => expect(world.slack.history(world.channel)[0]?.text).toContain('2 of 3 people'));
    expect(world.slack.dms('U0CAROL')).toHaveLength(1);
  });

  it('are looked for again once Slack tells that an account changed', async () => {
    world.slack.people.add({ id: 'U0ZOE', name: 'zoe', email: 'zoe@example.org' });
    const chat = world.live();
    const other = { ...affected, operationId: 'op_00000000bb', key: 'op_00000000bb:stop' };
    expect(await chat.announce(affected)).toEqual({ reached: 3 });
    world.slack.people.deactivate('U0ZOE');
    world.slack.people.add({ id: 'U1ZOE', name: 'zoe', email: 'zoe@example.org' }); // she came back with another account
    chat.forget('U0ZOE');
    expect(await chat.announce(other)).toEqual({ reached: 3 });
    expect([world.slack.dms('U0ZOE').length, world.slack.dms('U1ZOE').length]).toEqual([1, 1]);
  });

  it('hear that it was called off, also from the next life', async () => {
    await world.live().announce(affected);
    const next = world.live();
    next.show(viewAt(3, { status: 'cancelled' }));
    await next.post({ ...ended, tone: 'info', text: 'lab: the backup op_00000000aa was cancelled.' });
    expect(
      world.slack
        .dms('U0CAROL')
        .map(({ text }) => text)
        .at(-1),
    ).toContain('was cancelled');
  });
});

describe('a request in Slack', () => {
  it('is one message, redrawn when it is decided, and the one who asked is told', async () => {
    const chat = world.live({ approvals: { mention: 'U0CAROL' } });
    const request = makeRequest();
    await chat.showRequest(request, describeRequest(request));
    expect(JSON.stringify(world.shown())).toContain('say:approve');
    const by = { name: 'carol', proof: 'slack', slack: 'U0CAROL' } as const;
    const votes = [{ by, at: request.askedAt, approves: true }];
    const approved: Request = { ...request, status: 'approved', votes };
    await chat.showRequest(approved, describeRequest(approved));
    await expect(`${JSON.stringify(world.shown(), undefined, 2)}\n`).toMatchFileSnapshot('golden/request.json');
    expect(world.shown()).toHaveLength(1);
  });

  it('is drawn again at boot, when the life before did not live to do it', async () => {
    const request = makeRequest();
    world.live().begin([request]);
    await eventually(() => expect(JSON.stringify(world.shown())).toContain('say:approve'));
    world.live().begin([{ ...request, status: 'withdrawn' }]);
    await eventually(() => expect(JSON.stringify(world.shown())).not.toContain('say:approve'));
    expect(world.shown()).toHaveLength(1);
  });

  it('has no buttons where Slack is not enough', async () => {
    const request = makeRequest();
    await world.live({ approvals: { by: 'web' } }).showRequest(request, describeRequest(request));
    expect(JSON.stringify(world.shown())).not.toContain('say:');
    expect(JSON.stringify(world.shown())).toContain('Nothing is approved in Slack here');
  });
});

describe('a Slack that fails', () => {
  it('is told again until it takes it, in the order in which things happened', async () => {
    const chat = world.live();
    await chat.announce(announcement);
    world.slack.faults.down();
    chat.show(viewAt(5, { downSince: DOWN_SINCE }));
    chat.show(viewAt(7, { downSince: DOWN_SINCE, downtimeMs: 10_000 }));
    await expect(chat.post(ended)).rejects.toMatchObject({ code: 'chat-unavailable', retryable: true });
    world.slack.faults.up();
    await eventually(() => expect(JSON.stringify(world.shown())).toContain('completed in 2m'));
    await eventually(() =>
      expect(world.slack.thread(world.channel, world.slack.history(world.channel)[0]?.ts ?? '')).toHaveLength(4),
    );
    const texts = world.slack
      .thread(world.channel, world.slack.history(world.channel)[0]?.ts ?? '')
      .map(({ text }) => text);
    expect(texts[1]).toContain('services were stopped');
    expect(texts[2]).toContain('services are up again');
    expect(texts[3]).toMatch(/^<@U0BOB> .*completed in 2m/);
  });

  it('is posted to once although the answer to a post was lost', async () => {
    const chat = world.live();
    world.slack.faults.next('chat.postMessage', { kind: 'drop', when: 'after' });
    await expect(chat.announce(announcement)).rejects.toMatchObject({ code: 'chat-unavailable' });
    await chat.announce(announcement);
    expect(world.slack.history(world.channel)).toHaveLength(1);
  });

  it('gets a new message when somebody removed the one before', async () => {
    const chat = world.live();
    await chat.announce(announcement);
    world.slack.removeMessage(world.channel, world.slack.history(world.channel)[0]?.ts ?? '');
    await chat.post(ended);
    expect(world.shown()).toMatchObject([{ text: expect.stringContaining('completed in 2m') }]);
  });

  it('says which channel it could not be said in, and why', async () => {
    world.slack.channels.archive(world.channel);
    await expect(world.live().announce(announcement)).rejects.toMatchObject({
      code: 'chat-unavailable',
      message: expect.stringContaining('is_archived'),
      hint: expect.stringContaining('archive'),
    });
  });

  it('gets plainer pictures when it does not know those with a plan', async () => {
    const chat = world.live();
    const hasPlan = (body: unknown) => JSON.stringify(body).includes('task_card');
    world.slack.faults.whenever((request) => hasPlan(request), { kind: 'error', word: 'invalid_blocks' });
    chat.show(viewAt(2));
    await eventually(() => expect(JSON.stringify(world.shown())).toContain('▸ pre-copy'));
  });

  it('gets pictures with a plan for other messages although it refused one', async () => {
    const chat = world.live();
    world.slack.faults.next('chat.postMessage', { kind: 'error', word: 'invalid_blocks' });
    chat.show(viewAt(2));
    await eventually(() => expect(JSON.stringify(world.shown())).toContain('▸ pre-copy'));
    chat.show({ ...viewAt(2), id: 'op_00000000bb' });
    await eventually(() => expect(JSON.stringify(world.shown())).toContain('task_card'));
  });
});
