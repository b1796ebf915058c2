import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createHub } from '../../../src/chat/terminal/hub.ts';
import { createNotify } from '../../../src/chat/terminal/notify.ts';
import { createTerminalChat } from '../../../src/chat/terminal/terminal-chat.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import type { OperationView } from '../../../src/records/operation.ts';
import { describeChat, makeMessage } from '../../contracts/chat.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cml-chat-'));
  folders.push(folder);
  return folder;
}

type NotifyCommand = readonly [string, ...string[]];

async function createWorld(notifyCommand?: (folder: string) => NotifyCommand, more: { isFileRead?: boolean } = {}) {
  const folder = await createFolder();
  const logged: string[] = [];
  const hub = createHub();
  const messagesFile = join(folder, 'messages.log');
  const chat = createTerminalChat({
    messagesFile,
    notifyCommand: () => notifyCommand?.(folder),
    followers: hub,
    clock: systemClock,
    pageAgainMs: 10,
    log: createLog({ write: (line: string) => void logged.push(line) }, 'debug'),
    ...more,
  });
  const lines = async () => (await readFile(messagesFile, 'utf8')).trimEnd().split('\n');
  const notified = () => readFile(join(folder, 'notified'), 'utf8');
  return { folder, chat, hub, lines, notified, logged };
}

const appendTo = (folder: string): NotifyCommand => [
  'sh',
  '-c',
  `{ printf '[%s %s] ' "$CML_TONE" "$CML_URGENT"; cat; } >> "$0"`,
  join(folder, 'notified'),
];

function follow(hub: ReturnType<typeof createHub>, operationId: string) {
  const stopped = new AbortController();
  let newest: OperationView | undefined;
  const events = hub.follow({ operationId }, stopped.signal);
  const reading = (async () => {
    for await (const event of events) if (event.type === 'view') newest = event.view;
  })();
  return {
    newest: async () => newest,
    stop: async () => {
      stopped.abort();
      await reading;
    },
  };
}

describe.each([
  { name: 'the terminal chat without a command', command: undefined },
  { name: 'the terminal chat with a command', command: appendTo },
])('$name', ({ name, command }) => {
  describeChat(name, async () => {
    const { folder, chat, hub, lines } = await createWorld(command);
    return {
      chat,
      people: 1,
      said: async () => (await lines()).map((text) => ({ text, urgent: / URGENT /.test(text) })),
      watch: (operationId) => follow(hub, operationId),
      breakDown: () => rm(folder, { recursive: true }),
      dispose: async () => undefined,
    };
  });
});

describe('the terminal chat', () => {
  test('writes each message as one line with its time and tone', async () => {
    const { chat, lines } = await createWorld();
    await chat.post(makeMessage({ tone: 'warning', text: 'Services stop\n in 10m.\u001b[31m', details: ['not here'] }));
    await chat.page(makeMessage({ tone: 'bad', text: 'Services are down.' }));
    expect(await lines()).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z warning Services stop in 10m\.$/),
      expect.stringMatching(/Z URGENT {2}Services are down\.$/),
    ]);
  });

  test('gives the command the text, the tone and the urgency', async () => {
    const { chat, notified } = await createWorld(appendTo);
    await chat.post(makeMessage({ tone: 'good', text: 'All is well.', details: ['More of it.'] }));
    await chat.page(makeMessage({ tone: 'bad', text: 'Services are down.', details: [] }));
    expect(await notified()).toBe('[good ] All is well.\nMore of it.\n[bad 1] Services are down.\n');
  });

  test('gives the command what can be done, as lines to type', async () => {
    const { chat, notified } = await createWorld(appendTo);
    const actions = [
      { word: 'postpone', given: { subject: 'op_1', by: '30m' }, label: 'Postpone 30 min' },
      { word: 'approve', given: { request: 'req_1', acceptIncomplete: true }, label: 'Approve' },
      { word: 'deny', given: { request: 'req_1' }, label: 'Deny', ask: 'reason' as const },
    ];
    await chat.post(makeMessage({ text: 'Well?', details: [], actions }));
    expect((await notified()).split('\n').slice(1, -1)).toEqual([
      'Postpone 30 min: cml postpone op_1 30m',
      'Approve: cml approve req_1 --accept-incomplete',
      'Deny: cml deny req_1 --reason "..."',
    ]);
  });

  test('counts followers of the operation, and the file only where no command is configured', async () => {
    const message = makeMessage();
    const withoutCommand = await createWorld();
    expect(await withoutCommand.chat.announce(message)).toEqual({ reached: 1 });
    const watchers = [
      follow(withoutCommand.hub, message.operationId ?? ''),
      follow(withoutCommand.hub, message.operationId ?? ''),
      follow(withoutCommand.hub, makeMessage().operationId ?? ''),
    ];
    expect(await withoutCommand.chat.announce(message)).toEqual({ reached: 3 });
    for (const watcher of watchers) await watcher.stop();
    const failing = await createWorld(() => ['false']);
    expect(await failing.chat.announce(message)).toEqual({ reached: 0 });
  });

  test('says a message though its command fails, and logs that it did', async () => {
    const { chat, lines, logged } = await createWorld(() => ['sh', '-c', 'exit 3']);
    await chat.post(makeMessage({ text: 'All is well.' }));
    expect(await lines()).toHaveLength(1);
    expect(logged.join('')).toContain('exit code 3');
  });

  test('tries the command of a page again until it works', async () => {
    const { chat, notified } = await createWorld((folder) => [
      'sh',
      '-c',
      `if mkdir "$0" 2>/dev/null; then exit 1; fi; cat > "$1"`,
      join(folder, 'tried'),
      join(folder, 'notified'),
    ]);
    await chat.page(makeMessage({ text: 'Services are down.', details: [] }));
    expect(await notified()).toBe('Services are down.\n');
  });

  test('rejects a page that only reached a file while there is a command', async () => {
    const { chat, hub } = await createWorld(() => ['/nowhere/pager']);
    const message = makeMessage();
    await expect(chat.page(message)).rejects.toMatchObject({ code: 'chat-unavailable', retryable: true });
    const watcher = follow(hub, message.operationId ?? '');
    await expect(chat.page(message)).resolves.toBeUndefined();
    await watcher.stop();
  });
});

describe('the notify command', () => {
  test('is the one that is configured when a message is said', async () => {
    let now: ((folder: string) => NotifyCommand) | undefined = () => ['/nowhere/pager'];
    const { chat, notified } = await createWorld((folder) => (now ?? appendTo)(folder));
    expect(await chat.announce(makeMessage())).toEqual({ reached: 0 });
    now = undefined;
    expect(await chat.announce(makeMessage())).toEqual({ reached: 1 });
    expect(await notified()).toContain('about team-ml');
  });

  test('is missed by cml check where there is none', async () => {
    expect((await createWorld(appendTo)).chat.weakness).toBeUndefined();
    expect((await createWorld()).chat.weakness).toContain('set "notify"');
  });

  test('is ended when it takes too long', async () => {
    const notify = createNotify(['sleep', '60'], 100);
    await expect(notify.run(makeMessage(), { urgent: false })).rejects.toThrow('did not end within 0.1 seconds');
  });

  test('may leave something running, and need not read the message', async () => {
    const notify = createNotify(['sh', '-c', 'sleep 1 & exit 0'], 900);
    await notify.run(makeMessage({ text: 'x'.repeat(1_000_000) }), { urgent: false });
  });

  test('is named when it is not there', async () => {
    const notify = createNotify(['/nowhere/pager']);
    await expect(notify.run(makeMessage(), { urgent: true })).rejects.toMatchObject({
      code: 'chat-unavailable',
      message: expect.stringContaining('/nowhere/pager'),
    });
  });
});

describe('the terminal chat beside another one', () => {
  const message = { key: 'op_00000000aa:stop', workspace: 'lab', tone: 'warning', text: 'Services stop.' } as const;

  test('reaches nobody by its file, so that a schedule does not stop services unannounced', async () => {
    const { chat, lines } = await createWorld(undefined, { isFileRead: false });
    expect(await chat.announce(message)).toEqual({ reached: 0 });
    expect(await lines()).toHaveLength(1);
    await expect(chat.page(message)).rejects.toMatchObject({ code: 'chat-unavailable' });
  });
});
