import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLog, mask } from '../src/log.ts';

test('hides what looks like a secret wherever it stands', () => {
  expect(mask('password=hunter2 and token: "abc"')).toBe('password=*** and token: "***"');
  expect(mask('rest:https://alice:hunter2@backup.example/repo')).toBe('rest:https://alice:***@backup.example/repo');
  expect(mask('{"Authorization":"Bearer","user":"alice"}')).toBe('{"Authorization":"***","user":"alice"}');
  expect(mask('the passage was taken')).toBe('the passage was taken');
});

test('writes one JSON object a line, masked', () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  createLog(stream, 'info').info({ cause: new Error('secret=xyz'), password: 'hunter2' }, 'it failed');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 30, msg: 'it failed', password: '***' });
});
