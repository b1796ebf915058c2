import type { OperationKind } from '../../records/operation.ts';
import type { Action } from '../chat.ts';
import { writeKind } from './words.ts';

interface Subject {
  readonly operationId: string;
  readonly workspace: string;
  readonly kind: OperationKind;
}

/** What can be done about services that are going to stop. */
export function stopActions(stop: Subject): Action[] {
  const given = { subject: stop.operationId };
  return [
    { word: 'postpone', given: { ...given, by: '30m' }, label: 'Postpone 30 min' },
    cancelAction(stop),
    {
      word: 'postpone',
      given: { ...given, now: true },
      label: 'Start now',
      confirm: `Services of ${stop.workspace} stop at once, not at the time that people were told.`,
    },
  ];
}

/** For as long as it can be cancelled. */
export function cancelAction(stop: Subject): Action {
  return {
    word: 'cancel',
    given: { subject: stop.operationId },
    label: 'Cancel',
    style: 'danger',
    confirm: `The ${writeKind(stop.kind)} of ${stop.workspace} is cancelled for everybody.`,
  };
}
