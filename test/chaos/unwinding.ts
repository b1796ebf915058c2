import type { Operation } from '../../src/records/operation.ts';

/** Where each story begins to stop services, and what says that they are up again; written out, not taken from it. */
const BEGINS = 'arm guard';
const UP_AGAIN = ['start', 'start restored', 'start again'];

/**
 * A life that finds services stopped only makes things whole again: it never resumes on trust. From then on no life of
 * that operation begins a step.
 */
export function judgeUnwinding({ journal }: Operation): string[] {
  const problems: string[] = [];
  let isDown = false;
  let isUnwinding = false;
  for (const event of journal) {
    if (event.type === 'began') {
      isUnwinding ||= event.mode === 'unwind';
      if (isDown && event.mode !== 'unwind')
        problems.push(`a life began with "${event.mode}" while services were down`);
    } else if (event.type === 'step-began') {
      isDown ||= event.step === BEGINS;
      if (isUnwinding) problems.push(`"${event.step}" began after the unwinding had begun`);
    } else if ((event.type === 'step-done' || event.type === 'ensured') && UP_AGAIN.includes(event.step)) {
      isDown = false;
    }
  }
  return problems;
}
