import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Conversation, converse } from '../../../src/chat/terminal/converse.ts';
import type { Hub } from '../../../src/chat/terminal/hub.ts';
import { systemClock } from '../../../src/clock.ts';
import { PortError, UserError } from '../../../src/errors.ts';
import type { OperationView } from '../../../src/records/operation.ts';
import { makeMessage, makeView } from '../../contracts/chat.ts';
import { makeRequest, momentAfter } from '../../fakes/records.ts';
import { createKeyboard, createScreen } from './fake-terminal.ts';
import { answerWith, createTerminalWorld, type TerminalWorld } from './terminal-world.ts';

let world: TerminalWorld;
let hub: Hub;
const view = makeView({ stopsAt: momentAfter(1_000_000) });
const ended: OperationView = {
  ...view,
  status: 'succeeded',
  steps: [{ name: 'preflight', state: 'done', beganAt: momentAfter(0), endedAt: momentAfter(1) }],
  endedAt: momentAfter(2),
  downtimeMs: 2_100,
  outcome: { backupId: 'bkp_0000000001' },
};

beforeEach(async () => {
  world = await createTerminalWorld();
  hub = (await world.startServer()).hub;
  world.views.set(view.id, view);
});
afterEach(() => world.dispose());

function speak(word: string, changes: Partial<Conversation> & { terminal?: boolean } = {}) {
  const { terminal = false, ...others } = changes;
  const keyboard = createKeyboard(terminal);
  const output = createScreen(terminal);
  const aside = createScreen(terminal);
  const conversation: Conversation = {
    client: world.client(),
    input: keyboard.stream,
    output: output.stream,
    aside: aside.stream,
    colour: { output: false, aside: false },
    json: false,
    stay: true,
    keyWords: {
      postpone: ({ id }) => ({ word: 'postpone', input: { subject: id, by: '30m' } }),
      cancel: ({ id }) => ({ word: 'cancel', input: { subject: id } }),
    },
    clock: systemClock,
    timeOfDay: (moment) => moment.toISOString().slice(11, 19),
    signal: new AbortController().signal,
    ...others,
  };
  return { keyboard, output, aside, said: converse(conversation, { word, input: {} }) };
}

const begun = answerWith('The backup has begun.', { follow: view.id, json: { operation: view.id } });

/** Publishes once somebody follows. */
async function publish(...views: OperationView[]): Promise<void> {
  for (const next of views) await expect.poll(() => hub.publish({ type: 'view', view: next })).toBe(1);
}

describe('a word', () => {
  test('is answered on the output alone', async () => {
    world.state.answer = async () => answerWith('Two backups.', { json: [1, 2] });
    const { said, output, aside } = speak('list');
    expect(await said).toBe(0);
    expect(output.raw()).toBe('Two backups.\n');
    expect(aside.raw()).toBe('');
  });

  test('is answered as one JSON document', async () => {
    world.state.answer = async () => answerWith('Two backups.', { json: [1, 2] });
    const { said, output } = speak('list', { json: true });
    await said;
    expect(JSON.parse(output.raw())).toEqual([1, 2]);
  });

  test('that is refused writes nothing', async () => {
    world.state.answer = async () => {
      throw new UserError('workspace-busy', 'Busy.');
    };
    const { said, output } = speak('backup');
    await expect(said).rejects.toMatchObject({ code: 'workspace-busy' });
    expect(output.raw()).toBe('');
  });
});

describe('a word that saves a file', () => {
  const wanted = (to: string) =>
    answerWith('A file.', { download: { backup: 'bkp_1', path: 'projects/a', bytes: 10, to } });
  const save = async (name: string) => {
    world.state.answer = async () => wanted(join(world.root, name));
    return speak('files', { json: true });
  };

  test('has it where the person is, for them alone', async () => {
    world.state.file = { bytes: 10, pieces: ['12345', '67890'] };
    const { said, output } = await save('own');
    expect(await said).toBe(0);
    const savedAs = join(world.root, 'own');
    expect(JSON.parse(output.raw())).toEqual({ backup: 'bkp_1', path: 'projects/a', bytes: 10, savedAs });
    expect([readFileSync(savedAs, 'utf8'), statSync(savedAs).mode & 0o777]).toEqual(['1234567890', 0o600]);
    expect(world.heard.at(-1)).toMatchObject({ word: 'download', input: { backup: 'bkp_1', path: 'projects/a' } });
  });

  test('touches nothing that is there', async () => {
    writeFileSync(join(world.root, 'there'), 'mine');
    await expect((await save('there')).said).rejects.toMatchObject({ code: 'bad-input' });
    await expect((await save('data')).said).rejects.toMatchObject({ code: 'bad-input' });
    expect(readFileSync(join(world.root, 'there'), 'utf8')).toBe('mine');
    expect(world.heard.filter(({ word }) => word === 'download')).toEqual([]);
  });

  test('leaves nothing of a file that was broken off', async () => {
    for (const pieces of [['12345', new PortError('mover-unavailable', 'The repository is gone.')], ['12345']]) {
      world.state.file = { bytes: 10, pieces };
      await expect((await save('broken')).said).rejects.toMatchObject({ code: 'server-unavailable' });
    }
    expect(readdirSync(world.root).filter((name) => name.startsWith('broken'))).toEqual([]);
    expect(world.bugs).toEqual([]);
  });
});

describe('a word that begins an operation', () => {
  beforeEach(() => {
    world.state.answer = async ({ word }) => (word === 'backup' ? begun : answerWith(`Heard ${word}.`));
  });

  test('stays until it has ended', async () => {
    const { said, output, aside } = speak('backup');
    await publish(ended);
    expect(await said).toBe(0);
    expect(output.raw()).toBe('✓ The backup of team-ml succeeded in 2m; services were down for 2.1s.\n');
    expect(aside.raw()).toContain('The backup has begun.');
    expect(aside.raw()).toContain('pre-copy');
  });

  test('ends with one JSON document and nothing else on the output', async () => {
    const { said, output } = speak('backup', { json: true });
    await publish(ended);
    await said;
    expect(JSON.parse(output.raw())).toEqual(ended);
  });

  test('may end with an answer of the server', async () => {
    const { said, output } = speak('backup', { afterwards: ({ id }) => ({ word: 'status', input: { subject: id } }) });
    await publish(ended);
    await said;
    expect(output.raw()).toBe('Heard status.\n');
  });

  test('answers 1 when it failed', async () => {
    const { said, output } = speak('backup');
    await publish({ ...ended, status: 'failed', error: { code: 'x', message: 'It broke.', hint: 'Mend it.' } });
    expect(await said).toBe(1);
    expect(output.raw()).toContain('It broke.\n\nMend it.\n');
  });

  test('does not stay when told to detach', async () => {
    const { said, output } = speak('backup', { stay: false });
    expect(await said).toBe(0);
    expect(output.raw()).toBe('The backup has begun.\n');
  });

  test('shows what is said meanwhile', async () => {
    const { said, aside } = speak('backup');
    const { details: _, ...message } = makeMessage({ operationId: view.id, text: 'bob postponed it.' });
    await expect.poll(() => hub.publish({ type: 'message', message })).toBe(1);
    await publish(ended);
    await said;
    expect(aside.text()).toContain('bob postponed it.\n');
  });

  test('leaves on a signal and says how to come back', async () => {
    const stop = new AbortController();
    const { said, output, aside } = speak('backup', { signal: stop.signal, json: true });
    await publish(view);
    stop.abort();
    expect(await said).toBe(0);
    expect(aside.raw()).toContain(`Come back with: cml status ${view.id} --follow`);
    expect(JSON.parse(output.raw())).toEqual({ operation: view.id });
  });

  test('on a terminal p postpones, c asks before it cancels, Ctrl-C leaves', async () => {
    const { said, keyboard, aside } = speak('backup', { terminal: true });
    const words = () => world.heard.map(({ word }) => word);
    await expect.poll(() => aside.text()).toContain('p: postpone by 30 minutes');
    keyboard.press('p');
    await expect.poll(words).toEqual(['backup', 'postpone']);
    keyboard.press('c');
    await expect.poll(() => aside.text()).toContain('Really cancel?');
    keyboard.press('n');
    keyboard.press('c');
    keyboard.press('y');
    await expect.poll(words).toEqual(['backup', 'postpone', 'cancel']);
    await expect.poll(() => aside.text()).toContain('Heard cancel.');
    keyboard.press('\u0003');
    expect(await said).toBe(0);
    expect(keyboard.modes).toEqual([true, false]);
    expect(world.heard).toHaveLength(3);
  });

  test('shows why a key was refused and goes on', async () => {
    world.state.answer = async ({ word }) => {
      if (word === 'postpone') throw new UserError('too-late', 'It is too late.', { hint: 'Cancel it.' });
      return begun;
    };
    const { said, keyboard, aside } = speak('backup', { terminal: true });
    await expect.poll(() => aside.text()).toContain('p: postpone');
    keyboard.press('p');
    await expect.poll(() => aside.text()).toContain('✗ It is too late. Cancel it.');
    await publish(ended);
    expect(await said).toBe(0);
  });
});

describe('a word that asks for a decision', () => {
  const request = makeRequest();
  const bob = { name: 'bob', proof: 'uid', uid: 1001 } as const;
  const publishRequest = (changes: object) =>
    expect.poll(() => hub.publish({ type: 'request', request: { ...request, ...changes } })).toBe(1);

  beforeEach(() => {
    world.requests.set(request.id, request);
    world.state.answer = async () => answerWith('Asked.', { waitFor: request.id, json: { request: request.id } });
  });

  test('waits for it, then follows what it began', async () => {
    const { said, aside, output } = speak('restore');
    await publishRequest({ status: 'used', operationId: view.id });
    await publish(ended);
    expect(await said).toBe(0);
    expect(aside.raw()).toContain('cml approve');
    expect(output.raw()).toContain('succeeded');
  });

  test('is refused when the other person refuses', async () => {
    const { said, output } = speak('restore');
    const votes = [{ by: bob, at: momentAfter(30), approves: false, reason: 'not today' }];
    await publishRequest({ status: 'denied', votes });
    await expect(said).rejects.toMatchObject({
      code: 'not-allowed',
      message: expect.stringContaining('Denied by bob: not today'),
    });
    expect(output.raw()).toBe('');
  });

  test('leaves on a signal while it still waits', async () => {
    const stop = new AbortController();
    const { said, output } = speak('restore', { signal: stop.signal });
    await publishRequest({ votes: [] });
    stop.abort();
    expect(await said).toBe(0);
    expect(output.raw()).toBe('Asked.\n');
  });
});
