import { readdir, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FollowEvent } from '../../../src/chat/terminal/protocol.ts';
import { PortError, UserError } from '../../../src/errors.ts';
import { makeMessage, makeView } from '../../contracts/chat.ts';
import { makeRequest } from '../../fakes/records.ts';
import { answerWith, createTerminalWorld, type TerminalWorld } from './terminal-world.ts';

let world: TerminalWorld;
beforeEach(async () => {
  world = await createTerminalWorld();
});
afterEach(() => world.dispose());

const uid = process.getuid?.() ?? 0;
const line = { word: 'list', input: { workspace: 'team-ml' } };

/** Takes events one by one, as a client that does something in between. */
function taking(events: AsyncIterable<FollowEvent>) {
  const iterator = events[Symbol.asyncIterator]();
  return async () => (await iterator.next()).value as FollowEvent | undefined;
}

describe('a word over the socket', () => {
  test('arrives with the uid of its caller and is answered', async () => {
    await world.startServer();
    world.state.answer = async () => answerWith('Two backups.', { fields: [['Newest', 'today']], json: [1, 2] });
    expect(await world.client().say(line)).toEqual({
      text: 'Two backups.',
      tone: 'info',
      fields: [['Newest', 'today']],
      json: [1, 2],
    });
    expect(world.heard).toEqual([{ caller: { uid }, ...line }]);
    expect(await readdir(world.noncesFolder)).toEqual([]);
  });

  test('carries whom the caller claims to be, with their token', async () => {
    await world.startServer();
    const client = world.client();
    await client.say({ ...line, as: { name: 'bob', token: 'secret' } });
    await client.say({ ...line, as: { name: 'bob' } });
    expect(world.heard.map(({ caller }) => caller)).toEqual([
      { uid, as: 'bob', token: 'secret' },
      { uid, as: 'bob' },
    ]);
  });

  test('is refused in the words of the door', async () => {
    await world.startServer();
    world.state.answer = async () => {
      throw new UserError('workspace-busy', 'team-ml is being backed up.', { hint: 'Wait for op_1.' });
    };
    const refused = world.client().say(line);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toMatchObject({
      code: 'workspace-busy',
      message: 'team-ml is being backed up.',
      hint: 'Wait for op_1.',
    });
    expect(world.bugs).toEqual([]);
  });

  test('that meets a bug is answered, and the bug is handed on', async () => {
    await world.startServer();
    world.state.answer = async () => {
      throw new TypeError('undefined is not a function');
    };
    await expect(world.client().say(line)).rejects.toThrow('Something went wrong that should not have');
    expect(world.bugs).toEqual([expect.any(TypeError)]);
  });

  test('is not heard without a session', async () => {
    await world.startServer();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ socketPath: world.socketPath, path: '/say', method: 'POST' }, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end(JSON.stringify(line));
    });
    expect(status).toBe(401);
    expect(world.heard).toEqual([]);
  });

  test('is said again with a new session after the server was started again', async () => {
    const { server } = await world.startServer();
    const client = world.client();
    await client.say(line);
    await server.close();
    await world.startServer();
    await client.say(line);
    expect(world.heard).toHaveLength(2);
  });

  test('is refused when it is no word at all', async () => {
    await world.startServer();
    await expect(world.client().say({ word: 'list', input: [] as never })).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('the door', () => {
  test('lets everybody in and nobody look around', async () => {
    await world.startServer();
    const mode = async (path: string) => (await stat(path)).mode & 0o7777;
    expect(await mode(world.folder)).toBe(0o711);
    expect(await mode(world.noncesFolder)).toBe(0o1733);
    expect(await mode(world.socketPath)).toBe(0o666);
  });

  test('says who is behind it', async () => {
    await world.startServer();
    expect(await world.client().hello()).toEqual({ protocol: 1, version: '0.0.0', pid: process.pid });
  });

  test('opens again over what a killed server left', async () => {
    const { server } = await world.startServer();
    await server.close();
    // What a process that was killed leaves: a socket file that nobody answers.
    await new Promise<void>((resolve, reject) => {
      const left = connect(world.socketPath).on('error', () => resolve());
      left.on('connect', () => reject(new Error('somebody answered')));
    });
    await world.startServer();
    await world.client().say(line);
  });

  test('works in a folder whose name is longer than a socket may have', async () => {
    const deep = await createTerminalWorld('d'.repeat(150));
    try {
      const { server } = await deep.startServer();
      expect(await readdir(deep.folder)).toContain('control.sock');
      await deep.client().say(line);
      await server.close();
      expect(await readdir(deep.folder)).not.toContain('control.sock');
      expect(await readdir(deep.root)).toEqual(['d'.repeat(150)]);
    } finally {
      await deep.dispose();
    }
  });

  test('tells since when nobody used it', async () => {
    const { server } = await world.startServer();
    const before = server.idleSince();
    const view = makeView();
    world.views.set(view.id, view);
    const stop = new AbortController();
    const next = taking(world.client().follow(view.id, stop.signal));
    await next();
    expect(server.idleSince()).toBeUndefined();
    stop.abort();
    await expect(next()).rejects.toThrow();
    await expect.poll(() => server.idleSince()?.getTime()).toBeGreaterThanOrEqual(before?.getTime() ?? 0);
  });

  test('waits for a word that is being carried out before it closes', async () => {
    const { server } = await world.startServer();
    let finish: () => void = () => undefined;
    world.state.answer = () =>
      new Promise((resolve) => {
        finish = () => resolve(answerWith('Done at last.'));
      });
    const said = world.client().say(line);
    await expect.poll(() => world.heard.length).toBe(1);
    const closed = server.close();
    finish();
    expect((await said).text).toBe('Done at last.');
    await closed;
    await server.close();
  });
});

describe('a client without a server', () => {
  test('says so', async () => {
    await expect(world.client().say(line)).rejects.toMatchObject({
      code: 'server-unavailable',
      message: 'No server is running.',
      retryable: true,
    });
  });

  test('starts one and waits until it answers', async () => {
    const startServer = async () => void setTimeout(() => void world.startServer(), 50);
    expect((await world.client({ startServer }).say(line)).text).toBe('Done.');
  });

  test('says that it may not leave its proof', async () => {
    await world.startServer();
    const client = world.client({ noncesFolder: `${world.root}/nowhere` });
    await expect(client.say(line)).rejects.toMatchObject({
      code: 'server-unavailable',
      message: expect.stringContaining('You cannot write to'),
    });
  });

  test('learns that the server went away in the middle of a word', async () => {
    const { server } = await world.startServer();
    world.state.answer = () => new Promise(() => undefined);
    const said = world.client().say(line);
    said.catch(() => undefined);
    await expect.poll(() => world.heard.length).toBe(1);
    await server.close();
    await expect(said).rejects.toMatchObject({
      code: 'server-unavailable',
      message: expect.stringContaining('may still have done'),
    });
  });
});

describe('a follower', () => {
  test('sees the operation as it stands, then everything until its end', async () => {
    const { hub } = await world.startServer();
    const view = makeView();
    world.views.set(view.id, view);
    const next = taking(world.client().follow(view.id));
    expect(await next()).toEqual({ type: 'view', view });
    const message = makeMessage({ operationId: view.id });
    hub.publish({ type: 'message', message: { ...message, details: ['More of it.'] } });
    expect(await next()).toEqual({ type: 'message', message });
    const ended = { ...view, status: 'succeeded' as const, outcome: { backupId: 'bkp_1' } };
    hub.publish({ type: 'view', view: ended });
    expect(await next()).toEqual({ type: 'view', view: ended });
    expect(await next()).toBeUndefined();
  });

  test('is told that there is no such operation', async () => {
    await world.startServer();
    const next = taking(world.client().follow('op_nowhere'));
    await expect(next()).rejects.toMatchObject({ code: 'unknown-operation', hint: 'Did you mean another?' });
    expect(world.bugs).toEqual([]);
  });

  test('follows a request until it is decided', async () => {
    const { hub } = await world.startServer();
    const request = makeRequest();
    world.requests.set(request.id, request);
    const next = taking(world.client().followRequest(request.id));
    expect(await next()).toEqual({ type: 'request', request });
    hub.publish({ type: 'request', request: { ...request, status: 'denied' } });
    expect(await next()).toMatchObject({ request: { status: 'denied' } });
    expect(await next()).toBeUndefined();
  });

  test('goes on when the server was started again', async () => {
    const { server } = await world.startServer();
    const view = makeView();
    world.views.set(view.id, view);
    const next = taking(world.client().follow(view.id));
    await next();
    await server.close();
    const ended = { ...view, status: 'failed' as const };
    world.views.set(view.id, ended);
    const last = next();
    await world.startServer();
    expect(await last).toEqual({ type: 'view', view: ended });
    expect(await next()).toBeUndefined();
  });

  test('gives up when the server does not come back', async () => {
    const { server } = await world.startServer();
    const view = makeView();
    world.views.set(view.id, view);
    let now = Date.now();
    const clock = {
      now: () => new Date(now),
      sleep: async (ms: number) => {
        now += ms * 50;
      },
    };
    const next = taking(world.client({ clock }).follow(view.id));
    await next();
    await server.close();
    await expect(next()).rejects.toThrow(PortError);
  });

  test('that does not read keeps nobody waiting', async () => {
    const { hub, server } = await world.startServer();
    const view = makeView({ reason: 'x'.repeat(10_000) });
    world.views.set(view.id, view);
    const lazy = taking(world.client().follow(view.id));
    const keen = taking(world.client().follow(view.id));
    await Promise.all([lazy(), keen()]);
    for (let bytesDone = 1; bytesDone <= 300; bytesDone += 1) {
      hub.publish({ type: 'view', view: { ...view, progress: { bytesDone } } });
      expect(await keen()).toMatchObject({ view: { progress: { bytesDone } } });
    }
    await rm(world.socketPath, { force: true });
    await server.close();
  });
});
