import { UserError } from '../errors.ts';
import { nearest } from '../nearest.ts';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];

const TIME = String.raw`(?:\d{1,2}:\d{2}(?:\s?[ap]m)?|\d{1,2}\s?[ap]m|midnight|noon)`;
const AT_TIMES = new RegExp(`^(.*?)[, ]*(?:\\bat )?(${TIME}(?:(?:, | and |, and |,)${TIME})*)$`);
const EXAMPLES =
  'Such as "nightly at 02:00", "weekdays at 01:30", "sundays at 04:00", "every 6 hours", "monthly on the 1st at 03:00", or five fields of cron.';

/** The cron expression that plain words mean. @throws UserError `bad-input`. */
export function cronOf(text: string): string {
  const words = text.toLowerCase().replaceAll(/\s+/g, ' ').trim();
  const rhythm = rhythmOf(words, text);
  if (rhythm !== undefined) return rhythm;
  const [, days = words, times] = AT_TIMES.exec(words) ?? [];
  const dayFields = dayFieldsOf(days.replace(/^on /, '').trim());
  if (dayFields === undefined) throw notUnderstood(text, days);
  if (times === undefined) throw new UserError('bad-input', `"${text}" does not say at what time.`, { hint: EXAMPLES });
  return `${timeFieldsOf(times, text)} ${dayFields}`;
}

/** `hourly`, `every 6 hours`, `every 6 hours from 01:30`, `every 15 minutes`. */
function rhythmOf(words: string, text: string): string | undefined {
  const [, past] = /^(?:hourly|every hour|each hour)(?: at :?(\d{1,2})(?: past)?)?$/.exec(words) ?? [];
  if (/^(hourly|every hour|each hour)\b/.test(words)) return `${Number(past ?? 0)} * * * *`;
  const [, count, unit, hour, minute] =
    /^every (\d+) ?(minutes?|min|hours?|h)(?: (?:from|at) (\d{1,2})?:(\d{2}))?$/.exec(words) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const [step, whole] = [Number(count), unit.startsWith('h') ? 24 : 60];
  if (step < 1 || whole % step !== 0) {
    throw new UserError('bad-input', `"${text}" does not fit evenly into ${whole === 24 ? 'a day' : 'an hour'}.`, {
      hint: whole === 24 ? 'Write every 1, 2, 3, 4, 6, 8, 12 or 24 hours.' : 'Write every 5, 10, 15, 20 or 30 minutes.',
    });
  }
  if (whole === 60) return `${step === 60 ? '0' : `*/${step}`} * * * *`;
  const first = Number(hour ?? 0) % step;
  const hours = step === 24 ? String(Number(hour ?? 0)) : first === 0 ? `*/${step}` : `${first}-23/${step}`;
  return `${Number(minute ?? 0)} ${step === 1 ? '*' : hours} * * *`;
}

function timeFieldsOf(times: string, text: string): string {
  const read = times.split(/, and |, | and |,/).map((time) => readTime(time.trim(), text));
  const minutes = new Set(read.map(({ minute }) => minute));
  if (minutes.size > 1) {
    throw new UserError('bad-input', `"${text}" has times with different minutes.`, {
      hint: 'Write one schedule for each.',
    });
  }
  return `${[...minutes][0]} ${[...new Set(read.map(({ hour }) => hour))].sort((a, b) => a - b).join(',')}`;
}

function readTime(time: string, text: string): { hour: number; minute: number } {
  if (time === 'midnight') return { hour: 0, minute: 0 };
  if (time === 'noon') return { hour: 12, minute: 0 };
  const [, hours, minutes = '0', half] = /^(\d{1,2})(?::(\d{2}))?\s?([ap]m)?$/.exec(time) ?? [];
  const [hour, minute] = [Number(hours), Number(minutes)];
  const isPossible = minute < 60 && (half ? hour >= 1 && hour <= 12 : hour < 24);
  if (!isPossible) throw new UserError('bad-input', `"${time}" in "${text}" is not a time of day.`, { hint: EXAMPLES });
  return { hour: half ? (hour % 12) + (half === 'pm' ? 12 : 0) : hour, minute };
}

/** Day of the month, month and day of the week, as cron has them. */
function dayFieldsOf(days: string): string | undefined {
  if (/^(nightly|daily|(every|each) (day|night))$/.test(days)) return '* * *';
  if (/^((every|each) )?(week|work)days?$/.test(days)) return '* * 1-5';
  if (/^((every|each) )?weekends?$/.test(days)) return '* * 0,6';
  return weekdayFieldsOf(days) ?? nthWeekdayOf(days) ?? datesOf(days) ?? dateOfYear(days);
}

function weekdayFieldsOf(days: string): string | undefined {
  const names = days.replace(/^(weekly )?(on |every |each )?/, '');
  const [, from, to] = /^(\w+)(?: to | through | until | ?- ?)(\w+)$/.exec(names) ?? [];
  const list = from && to ? [from, to] : names.split(/, and |, | and |,| /);
  const read = list.map(weekdayOf);
  if (read.some((weekday) => weekday === undefined)) return undefined;
  return `* * ${read.join(from && to ? '-' : ',')}`;
}

/** `first sunday of the month`, `monthly on the last friday`. */
function nthWeekdayOf(days: string): string | undefined {
  const [, ordinal = '', name = ''] =
    /^(?:(?:monthly )?(?:on )?(?:the )?)(\w+) (\w+)(?: of (?:the|each|every) month)?$/.exec(days) ?? [];
  const weekday = weekdayOf(name);
  if (weekday === undefined) return undefined;
  if (ordinal === 'last') return `* * ${weekday}L`;
  const nth = ORDINALS.indexOf(ordinal) + 1;
  return nth > 0 ? `* * ${weekday}#${nth}` : undefined;
}

/** `monthly on the 1st and 15th`, `quarterly on the 1st`, `last day of the month`. */
function datesOf(days: string): string | undefined {
  const [, rhythm, dates] =
    /^(?:(monthly|quarterly|every month|every quarter) )?(?:on )?(?:the )?(.+?)(?: of (?:the|each|every) month)?$/.exec(
      days,
    ) ?? [];
  const read = dates?.split(/, and |, | and |,/).map((date) => {
    if (/^(the )?last day$/.test(date)) return 'L';
    return /^(?:the )?(\d{1,2})(?:st|nd|rd|th)$/.exec(date)?.[1];
  });
  if (!read || read.some((date) => date === undefined)) return undefined;
  return `${read.join(',')} ${rhythm?.endsWith('quarter') || rhythm === 'quarterly' ? '1,4,7,10' : '*'} *`;
}

/** `yearly on 1 january`, `every year on january 1st`. */
function dateOfYear(days: string): string | undefined {
  const date = /^(?:(?:yearly|every year) )?(?:on )?(?:the )?(.+)$/.exec(days)?.[1] ?? '';
  const [, day, month] = /^(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]+)$/.exec(date) ?? [];
  const [, monthFirst, dayLast] = /^([a-z]+)(?: the)? (\d{1,2})(?:st|nd|rd|th)?$/.exec(date) ?? [];
  const at = MONTHS.findIndex(
    (name) => (month ?? monthFirst ?? '-').length >= 3 && name.startsWith(month ?? monthFirst ?? '-'),
  );
  return at < 0 ? undefined : `${Number(day ?? dayLast)} ${at + 1} *`;
}

/** `sunday`, `sundays`, `sun`. */
export function weekdayOf(name: string): number | undefined {
  const single = name.length > 3 ? name.replace(/s$/, '') : name;
  const at = single.length < 3 ? -1 : WEEKDAYS.findIndex((weekday) => weekday.startsWith(single));
  return at < 0 ? undefined : at;
}

function notUnderstood(text: string, days: string): UserError {
  const known = ['nightly', 'daily', 'hourly', 'weekdays', 'weekends', ...WEEKDAYS.map((name) => `${name}s`)];
  const match = days === '' ? undefined : nearest(days, known);
  return new UserError('bad-input', `"${text}" is not understood.`, {
    hint: match === undefined ? EXAMPLES : `Did you mean "${match}"? ${EXAMPLES}`,
  });
}
