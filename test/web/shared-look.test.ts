import { expect, test } from 'vitest';
import { createSharedLook } from '../../src/web/shared-look.ts';

/** Looks that end when the test says so. */
function given() {
  const ends: ((answer: string | Error) => void)[] = [];
  const look = createSharedLook(
    () =>
      new Promise<string>((resolve, reject) => {
        ends.push((answer) => (typeof answer === 'string' ? resolve(answer) : reject(answer)));
      }),
  );
  return { look, ends };
}

test('who asks while a look is under way gets the next one, with all the others', async () => {
  const { look, ends } = given();
  const first = look();
  const others = [look(), look(), look()];
  expect(ends).toHaveLength(1);
  ends[0]?.('before');
  expect(await first).toBe('before');
  await expect.poll(() => ends.length).toBe(2);
  const late = look();
  ends[1]?.('after');
  expect(await Promise.all(others)).toEqual(['after', 'after', 'after']);
  await expect.poll(() => ends.length).toBe(3);
  ends[2]?.('last');
  expect(await late).toBe('last');
});

test('a look that fails is told to those who asked for it, and keeps nobody from the next', async () => {
  const { look, ends } = given();
  const first = look();
  const second = look();
  ends[0]?.(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await expect.poll(() => ends.length).toBe(2);
  ends[1]?.('there');
  expect(await second).toBe('there');
});
