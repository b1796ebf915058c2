import { describe, expect, test } from 'vitest';
import { createAsk } from '../../../src/chat/terminal/ask.ts';
import { createKeyboard, createScreen } from './fake-terminal.ts';

function createWorld(isTTY = true) {
  const keyboard = createKeyboard(isTTY);
  const screen = createScreen(isTTY);
  return { ask: createAsk({ input: keyboard.stream, output: screen.stream }), keyboard, screen };
}

const confirm = { why: 'This overwrites team-ml.', name: 'team-ml', instead: '--confirm team-ml' };

describe('a person at a terminal', () => {
  test('confirms by typing the name', async () => {
    const { ask, keyboard, screen } = createWorld();
    const asked = ask.confirmName(confirm);
    keyboard.press('team-ml\r');
    await asked;
    expect(screen.text()).toBe('This overwrites team-ml.\nType the name of the workspace to go on: team-ml\n');
  });

  test('is refused with another name', async () => {
    const { ask, keyboard } = createWorld();
    const asked = ask.confirmName(confirm);
    keyboard.press('team\r');
    await expect(asked).rejects.toMatchObject({ code: 'not-confirmed', message: expect.stringContaining('"team"') });
  });

  test.each([
    ['y', true],
    ['YES', true],
    ['', false],
    ['nay', false],
  ])('answering "%s" means %s', async (written, meant) => {
    const { ask, keyboard } = createWorld();
    const asked = ask.yesOrNo({ text: 'Approve it?', instead: '"cml approve"' });
    keyboard.press(`${written}\r`);
    expect(await asked).toBe(meant);
  });

  test('types a token that nobody sees', async () => {
    const { ask, keyboard, screen } = createWorld();
    const asked = ask.secret({ text: 'Token of bob', instead: 'CML_TOKEN' });
    keyboard.press('s3cr3t-w0rd\r');
    expect(await asked).toBe('s3cr3t-w0rd');
    expect(screen.text()).toBe('Token of bob: \n');
    expect(screen.raw()).not.toContain('s3cr');
  });

  test('stops it all with Ctrl-C', async () => {
    const { ask, keyboard } = createWorld();
    const asked = ask.confirmName(confirm);
    keyboard.press('team-\u0003');
    await expect(asked).rejects.toMatchObject({ code: 'not-confirmed' });
    expect(keyboard.modes).toEqual([true, false]);
  });
});

test('without a terminal each question is refused with the option that answers it', async () => {
  const { ask, screen } = createWorld(false);
  const questions = [
    ask.confirmName(confirm),
    ask.yesOrNo({ text: 'Approve it?', instead: '"cml approve req_1"' }),
    ask.secret({ text: 'Token', instead: 'CML_TOKEN' }),
  ];
  const hints = (await Promise.allSettled(questions)).map((asked) => asked.status === 'rejected' && asked.reason.hint);
  expect(hints).toEqual([
    'Use --confirm team-ml instead.',
    'Use "cml approve req_1" instead.',
    'Use CML_TOKEN instead.',
  ]);
  expect(screen.raw()).toBe('');
});
