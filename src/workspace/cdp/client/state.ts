/** How far the control plane is, as far as its word can be understood. */
export type Outcome = 'running' | 'finished' | 'failed' | 'cancelled' | 'unknown';

export interface VendorState {
  /** As the control plane wrote it: this is what people are shown and what is recorded. */
  readonly raw: string;
  /** What stands before the colon, in small letters; empty when there is none. */
  readonly phase: string;
  readonly outcome: Outcome;
}

/**
 * The words are not published, but for a few of the form `{phase}:{outcome}` in the vendor's own Ansible client. The first
 * that fits counts: "partially failed" has failed, and "unavailable" is not available.
 */
const OUTCOMES: readonly (readonly [RegExp, Outcome])[] = [
  [/fail|error/, 'failed'],
  [/cancell?ing|abort(?!ed)/, 'running'],
  [/cancel|aborted/, 'cancelled'],
  [/\b(?:un|in|not[ _-]?)(?:finish|success|complet|availab|ready)/, 'unknown'],
  [/finish(?!ing)|success|succeed|complet(?!ing)|available|\b(?:done|ready)\b/, 'finished'],
  [/start|progress|pending|queued|scheduled|requested|running|ing\b/, 'running'],
];

export function readState(raw: string | undefined): VendorState {
  const word = (raw ?? '').trim();
  const colon = word.indexOf(':');
  const phase = colon < 0 ? '' : word.slice(0, colon).trim().toLowerCase();
  const said = word.slice(colon + 1).toLowerCase();
  const outcome = OUTCOMES.find(([pattern]) => pattern.test(said))?.[1] ?? 'unknown';
  return { raw: word, phase, outcome };
}

/** Phases whose end leaves a workspace that people can use. Source: the vendor's Ansible client. */
const READY_AFTER = new Set(['installation', 'modify']);

/** The control plane says that the workspace can be used, and it lets one back it up in this state only. */
export function saysReady(raw: string | undefined): boolean {
  const { phase, outcome } = readState(raw);
  return outcome === 'finished' && READY_AFTER.has(phase);
}
