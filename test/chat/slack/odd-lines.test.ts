import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commands } from '../../../commands/commands.ts';
import { parseInput } from '../../../src/chat/command.ts';
import type { DoorWorld } from '../../../src/chat/slack/door-world.ts';
import { sayLine } from '../../../src/chat/slack/say-line.ts';
import { slackSettings } from '../../../src/chat/slack/settings.ts';
import { systemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { slackWords } from '../../../src/main-slack-words.ts';

const LIMIT_MS = 100;

/** Everything of the door but Slack and the orchestrator: what it says and opens is counted. */
function createWorld() {
  const shown: string[] = [];
  const bugs: unknown[] = [];
  const show = (what: string) => async () => {
    shown.push(what);
    return { ok: true, view: { id: 'V1' } };
  };
  const world = {
    settings: () => slackSettings.parse({ channel: 'CML' }),
    words: slackWords,
    admit: async () => undefined,
    async say(_: unknown, word: string, given: unknown) {
      const command = commands.find((one) => one.word === word);
      if (command) parseInput(command, given);
      return { text: `${word} ${JSON.stringify(given)}`, tone: 'good', json: { plan: { workspace: 'team-ml' } } };
    },
    choices: async () => [],
    clock: systemClock,
    log: createLog({ write: () => undefined }, 'silent'),
    onBug: (error: unknown) => bugs.push(error),
    client: { views: { open: show('form'), update: async () => ({ ok: true }) } },
    replies: { toAsker: show('answer'), toChannel: show('answer') },
  } as unknown as DoorWorld;
  const asker = { user: 'UALICE', team: 'T0TEAM', channel: 'CML', triggerId: '1.2.3' };
  return { shown, bugs, say: (line: string) => sayLine(world, asker, line) };
}

const world = createWorld();

/** What one line costs the process; the least of some tries, since other programs run too. */
async function tookMs(line: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5 && least > LIMIT_MS; tries++) {
    const { user, system } = process.cpuUsage();
    const answers = world.shown.length;
    await world.say(line);
    expect(world.shown.length - answers, `${line.slice(0, 100)} is answered once`).toBe(1);
    const now = process.cpuUsage();
    least = Math.min(least, (now.user - user + now.system - system) / 1_000);
  }
  expect(world.bugs).toEqual([]);
  return least;
}

const piece = fc.oneof(
  fc.constantFrom(...slackWords.map(({ word }) => word)),
  fc.constantFrom(
    'team-ml',
    '--reason',
    '--reason="a b"',
    '--notice=1h',
    '--',
    '-',
    '--now',
    '—now',
    '--help',
    '-h',
    '--version',
  ),
  fc.constantFrom('"', '“', '”', '„', "'", '’', '\\', '\\"', '--only="', '='),
  fc.constantFrom(
    '<@U1|bob>',
    '<#C1|>',
    '<https://a.b|a.b>',
    '<mailto:a@b|a@b>',
    '<!here>',
    '<',
    '>',
    '|',
    '&amp;',
    '&lt;',
    '&',
  ),
  fc.constantFrom(
    '\n',
    '\t',
    '\u00a0',
    '\u200b',
    '\u0000',
    '\u202e',
    '\ud800',
    '😀',
    '__proto__',
    'constructor',
    '%s',
    '$(x)',
  ),
  fc.string({ maxLength: 20 }),
);

test('no line, however odd, goes unanswered, ends the process or holds it up', async () => {
  await tookMs('help'); // what is loaded at the first use is no line's fault
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.constantFrom(' ', ''), async (pieces, between) => {
      expect(await tookMs(pieces.join(between))).toBeLessThan(LIMIT_MS);
    }),
    { numRuns: Number(process.env.ODD_LINES ?? 300) },
  );
});

test.each([
  ['<http:'],
  ['<https://a|'],
  ['<@U1|'],
  ['<'],
  ['"'],
  ["'a"],
  ["='a' "],
  ['\\'],
  ['“”'],
  ['&amp;'],
  [' — '],
  ['a '],
  ['--reason '],
  ['--x=y '],
  ['backup '],
  ['x'],
  ['é'],
  ['\u200b'],
])('40,000 characters of %j are no more than a moment', async (unit) => {
  for (const before of ['', 'backup team-ml ', 'restore --only ']) {
    const line = `${before}${unit.repeat(40_000 / unit.length)}`;
    expect(await tookMs(line)).toBeLessThan(LIMIT_MS);
  }
});
