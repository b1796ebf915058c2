import { createSafetyBackup } from '../../src/orchestrator/safety-backup.ts';
import { inPlaceStory } from '../../src/restore/in-place-steps.ts';
import { restoreInPlace } from '../../src/restore/restore-in-place.ts';
import type { StoryCase } from '../operation/play.ts';
import { REQUEST_ID, restoreCase } from './restore-case.ts';

/** An approved restore of a backup of everything, with no room beside the live data. */
export const inPlaceCase: StoryCase<typeof inPlaceStory> = {
  declaration: inPlaceStory,
  async make(folder) {
    const { world, operation } = await restoreCase.make(folder);
    const plan = { ...(operation.input as object), way: 'in-place' };
    return { world, operation: { ...operation, kind: 'restore-in-place', input: JSON.parse(JSON.stringify(plan)) } };
  },
  /** Data whose mark cannot be taken away is not started on; a safety backup that cannot be recorded is told, and kept. */
  allow(effect) {
    if (effect === 'platform.endInPlace') return { servicesDown: true };
    const records = /^(mover\.(count count-cut|(begin|goes on) manifest|list prove|check)|catalog\.saveBackup)/;
    return records.test(effect) ? { leftovers: true } : {};
  },
  async tell(story, ports, operation) {
    const plan = operation.input as never; // as the orchestrator hands it in, after it was read
    const safety = createSafetyBackup(operation, { ...ports, moverFor: () => ports.mover }, story.folder);
    return restoreInPlace(story, { ...ports, safety }, { requestId: REQUEST_ID, plan });
  },
};
