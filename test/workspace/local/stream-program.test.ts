import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { StreamOptions } from '../../../src/program.ts';
import { createLocalStreamProgram } from '../../../src/workspace/local/stream-program.ts';

type End = Parameters<StreamOptions['onEnd']>[0];

const stream = createLocalStreamProgram();

function sh(script: string, options: Partial<StreamOptions> = {}) {
  const ends: End[] = [];
  const onEnd = options.onEnd ?? ((end: End) => void ends.push(end));
  const program = { command: 'sh', args: ['-c', script], env: { WORD: 'said' } };
  return { ends, pieces: stream(program, { ...options, onEnd }) };
}

/** The first line, which is the process's own number. */
async function pidOf(pieces: AsyncIterator<Uint8Array>): Promise<number> {
  return Number(Buffer.from((await pieces.next()).value ?? []).toString());
}

const ended = (pid: number) => expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);

it('hands over what a program writes, then how it ended', async () => {
  const { pieces, ends } = sh('printf "$WORD"; echo aside >&2; exit 3');
  let text = '';
  for await (const piece of pieces) text += Buffer.from(piece).toString();
  expect([text, ends]).toEqual(['said', [{ exitCode: 3, signal: null, stderr: ['aside'] }]]);
  const failing = sh('exit 1', {
    onEnd() {
      throw new Error('not well');
    },
  });
  await expect(failing.pieces[Symbol.asyncIterator]().next()).rejects.toThrow('not well');
});

it.each([
  ['that writes no more', 'echo $$; exec sleep 1000'],
  ['that does not heed', "trap '' TERM PIPE; echo $$; while :; do sleep 0.1; done"],
  ['that would write for ever', 'echo $$; exec yes'],
])('ends a program %s once nobody reads it', async (_, script) => {
  const { pieces, ends } = sh(script);
  const reading = pieces[Symbol.asyncIterator]();
  const pid = await pidOf(reading);
  await reading.return?.();
  await ended(pid);
  expect(ends).toEqual([]);
});

it('ends a program when it is told to, also while nobody reads', async () => {
  const stop = new AbortController();
  const { pieces } = sh('echo $$; exec sleep 1000', { signal: stop.signal });
  const reading = pieces[Symbol.asyncIterator]();
  const pid = await pidOf(reading);
  stop.abort(new Error('enough'));
  await ended(pid);
  await expect(reading.next()).rejects.toThrow('enough');
});

it('says which program is not there', async () => {
  const pieces = stream({ command: '/nowhere/restic', args: [] }, { onEnd: () => undefined });
  await expect(pieces[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'platform-unavailable' });
});
