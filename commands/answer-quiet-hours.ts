import type { Answer } from '../src/chat/answer.ts';
import { writeCount, writeMoment } from '../src/chat/messages/words.ts';
import type { QuietHoursFound } from '../src/orchestrator/quiet-hours.ts';
import { writeDuration } from '../src/records/time.ts';
import { drawHeatMap, writeMean } from '../src/schedule/heat-map-text.ts';
import { writeHours, writeNightly, writeWeekHour } from '../src/schedule/quiet-hours.ts';
import { asJson } from './answers.ts';

/** When a backup disturbs the fewest, what that stands on, and the lines for cml.yaml. */
export function answerQuietHours(found: QuietHoursFound): Answer {
  const { workspace, map, quiet, lengthMs, pastBackups } = found;
  const { nightly, weekly, around } = quiet;
  const runs = (mean: number) => `${writeMean(mean)} workloads run then on average`;
  const when = `when: '${writeNightly(nightly)}'`;
  const window = around && `window: '${writeHours(around)}'`;
  const basis =
    pastBackups === 0
      ? 'an hour, because none was made yet'
      : `${writeDuration(lengthMs)}, by the last ${pastBackups === 1 ? 'backup' : `${pastBackups} backups`}`;
  return {
    text: `${workspace} is quietest from ${writeHours(nightly).replace('-', ' to ')} (${map.zone}): ${runs(nightly.mean)}.`,
    tone: 'info',
    drawing: drawHeatMap(map, nightly),
    fields: [
      ['Quietest of the week', `${writeWeekHour(weekly)}, ${runs(weekly.mean)}`],
      ['A backup takes', basis],
      [
        'Stands on',
        `${writeCount(map.samples, 'hour')} looked at${map.from && map.until ? `, from ${writeMoment(map.from)} to ${writeMoment(map.until)}` : ''}`,
      ],
      ['For cml.yaml', [when, `zone: ${map.zone}`, ...(window === undefined ? [] : [window])].join(', ')],
    ],
    json: asJson({
      workspace,
      zone: map.zone,
      samples: map.samples,
      lengthMs,
      nightly,
      weekly,
      ...(around ? { window: writeHours(around) } : {}),
      when: writeNightly(nightly),
      hours: map.cells.map(({ mean, samples }) => (samples === 0 ? null : Math.round(mean * 100) / 100)),
    }),
  };
}
