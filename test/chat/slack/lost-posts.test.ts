import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { announcement, type ChatWorld, createChatWorld, ended, ID, viewAt } from './chat-world.ts';

let world: ChatWorld;
beforeEach(async () => {
  world = await createChatWorld();
});
afterEach(() => world.dispose());

const eventually = (look: () => void) => vi.waitFor(look, { timeout: 5_000, interval: 20 });

describe('a post whose answer was lost', () => {
  it.each([
    ['asks for a pause', { kind: 'rate-limited', retryAfterSeconds: 1 }],
    ['refuses', { kind: 'error', word: 'missing_scope' }],
  ] as const)('is not said twice when Slack %s as it is looked for', async (_, fault) => {
    const first = world.live();
    world.slack.faults.next('chat.postMessage', { kind: 'drop', when: 'after' });
    world.slack.faults.next('conversations.history', fault);
    await first.announce(announcement).catch(() => undefined);
    await first.end();
    const next = world.live();
    await next.announce({ ...announcement, text: 'lab: services stop soon.' });
    await next.end();
    expect(world.slack.history(world.channel).map(({ text }) => text)).toEqual([
      expect.stringContaining('services stop soon'),
    ]);
  });
});

describe('the summary of an operation', () => {
  it('stays when what was said of its stop comes later', async () => {
    const chat = world.live();
    chat.show(viewAt(3));
    await chat.announce(announcement);
    await chat.post(ended);
    await chat.post({ ...announcement, key: `${ID}:stop`, text: 'lab: carol postponed it.' });
    await chat.end();
    expect(world.slack.history(world.channel)[0]?.text).toContain('completed in 2m');
  });

  it('stays when it ends while people are still being told of its stop', async () => {
    const chat = world.live();
    chat.show(viewAt(3));
    const telling = chat.announce({ ...announcement, affects: [{ owner: 'carol', what: '1 session' }] });
    await eventually(() => expect(world.slack.history(world.channel)).toHaveLength(1));
    await chat.post(ended);
    await telling;
    await chat.end();
    expect(world.slack.history(world.channel)[0]?.text).toContain('completed in 2m');
  });
});
