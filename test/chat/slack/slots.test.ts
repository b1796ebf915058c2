import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSlots, type Slots } from '../../../src/chat/slack/slots.ts';
import { createLog } from '../../../src/log.ts';

const DAY = 24 * 3_600_000;
const log = createLog({ write: () => undefined }, 'silent');
const wanted = { text: 'services stop soon', blocks: [] };
let folder: string;
let path: string;
let at: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cml-slack-slots-'));
  path = join(folder, 'slots.jsonl');
  at = Date.UTC(2026, 2, 1, 12);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Slots => createSlots({ path, now: () => new Date(at), log });
const settle = (slots: Slots, key: string) =>
  slots.change(key, 'C1', ({ wanted: _, ...slot }) => ({ ...slot, ts: '1.0' }));
const keysOf = (slots: Slots) => slots.all().map(({ key }) => key);

test('what was changed is known to the next life, in the order in which it came to be', async () => {
  const slots = open();
  await Promise.all(['a', 'b', 'c'].map((key) => slots.change(key, 'C1', (slot) => ({ ...slot, wanted }))));
  await settle(slots, 'a');
  const next = open();
  expect(keysOf(next)).toEqual(['a', 'b', 'c']);
  expect(next.get('a')).toMatchObject({ ts: '1.0' });
  expect(next.get('a')?.wanted).toBeUndefined();
  expect(next.get('b')).toMatchObject({ wanted });
});

test('one more edit writes as little among a thousand messages as among two', async () => {
  const slots = open();
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => settle(slots, `op_${n}`)));
  const before = statSync(path).size;
  await settle(slots, 'op_7');
  expect(before).toBeGreaterThan(50_000);
  expect(statSync(path).size - before).toBeLessThan(300);
});

test('the file does not grow for ever with edits', async () => {
  const slots = open();
  await settle(slots, 'a');
  for (let edit = 0; edit < 2_100; edit += 1) await settle(slots, 'a');
  expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(200);
  expect(keysOf(open())).toEqual(['a']);
});

test('half a line, from a process that died, hides nothing before or after it', async () => {
  await settle(open(), 'a');
  appendFileSync(path, '{"key":"b","to":"C1","ed');
  const next = open();
  expect(keysOf(next)).toEqual(['a']);
  await settle(next, 'c');
  expect(keysOf(open())).toEqual(['a', 'c']);
  expect(existsSync(`${path}.unreadable`)).toBe(false);
});

test('a file that others spoilt is copied aside, and what can be read of it counts', async () => {
  await settle(open(), 'a');
  writeFileSync(path, `no json\n${readFileSync(path, 'utf8')}`);
  const next = open();
  expect(keysOf(next)).toEqual(['a']);
  expect(readFileSync(`${path}.unreadable`, 'utf8')).toContain('no json');
  await settle(next, 'b');
  expect(readFileSync(path, 'utf8')).not.toContain('no json');
});

test('what is old and settled is forgotten, also by the next life', async () => {
  const slots = open();
  await settle(slots, 'old');
  at += 31 * DAY;
  await settle(slots, 'new');
  expect(keysOf(slots)).toEqual(['new']);
  expect(keysOf(open())).toEqual(['new']);
});
