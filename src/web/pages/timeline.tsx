import type { FC } from 'hono/jsx';
import type { OperationView } from '../../records/operation.ts';
import { Length, State, type Tone } from '../show.tsx';

type Step = OperationView['steps'][number];

const TONES: Record<Step['state'], Tone> = { waiting: 'quiet', running: 'busy', done: 'good', failed: 'bad' };

/** The steps of an operation in the order in which they happen. */
export const Timeline: FC<{ view: OperationView }> = ({ view }) => (
  <ol class="timeline">
    {view.steps
      .filter(({ state }) => view.status === 'running' || state !== 'waiting')
      .map((step) => (
        <li class={`step step-${step.state}`}>
          <State tone={TONES[step.state]}>{step.name}</State> <Lasted step={step} />
        </li>
      ))}
  </ol>
);

const Lasted: FC<{ step: Step }> = ({ step: { state, beganAt, endedAt } }) => {
  if (beganAt && endedAt) return <Length ms={Date.parse(endedAt) - Date.parse(beganAt)} />;
  if (state === 'running' && beganAt) return <span data-since={beganAt}>runs</span>;
  return <span class="faint">{state}</span>;
};
