import { UserError } from '../errors.ts';

/** Five fields of cron, each as the numbers it stands for; times of day are in minutes after midnight. */
export interface CronFields {
  readonly times: readonly number[];
  readonly days: readonly number[];
  readonly hasLastDay: boolean;
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
  /** The n-th (0: the last) such weekday of a month. */
  readonly nthWeekdays: readonly { readonly weekday: number; readonly nth: number }[];
  /** A day has to suit both fields of days (one of them begins with `*`), else either: Vixie's rule. */
  readonly needsBothDays: boolean;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTH_NAMES = 'January February March April May June July August September October November December'.split(' ');
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const MINUTE: Field = { name: 'minute', min: 0, max: 59 };
const HOUR: Field = { name: 'hour', min: 0, max: 23 };
const DAY: Field = { name: 'day of the month', min: 1, max: 31 };
const MONTH: Field = { name: 'month', min: 1, max: 12, names: ['', ...MONTHS] };
const WEEKDAY: Field = { name: 'day of the week', min: 0, max: 7, names: WEEKDAYS };

const FIELDS_HINT =
  'Cron has five fields: minute, hour, day of the month, month, day of the week; such as "0 2 * * 1-5".';

/**
 * @param written What people wrote, where that is not cron itself.
 * @throws UserError `bad-input` that names the field.
 */
export function readCron(cron: string, written = cron): CronFields {
  const fields = cron.trim().split(/\s+/);
  const [minute, hour, day, month, weekday] = fields;
  if (fields.length !== 5 || !minute || !hour || !day || !month || !weekday) {
    throw mistake(`"${cron}" has ${fields.length} fields.`, FIELDS_HINT);
  }
  const hours = numbersOf(hour, HOUR);
  const minutes = numbersOf(minute, MINUTE);
  const [plainDays, lastDays] = split(day, (item) => item.toLowerCase() === 'l');
  const [plainWeekdays, nthWeekdays] = split(weekday, (item) => /#|\dl$|[a-z]{3}l$/i.test(item));
  const read: CronFields = {
    times: hours.flatMap((each) => minutes.map((past) => each * 60 + past)),
    days: numbersOf(plainDays, DAY),
    hasLastDay: lastDays.length > 0,
    months: numbersOf(month, MONTH),
    weekdays: [...new Set(numbersOf(plainWeekdays, WEEKDAY).map((each) => each % 7))].sort((a, b) => a - b),
    nthWeekdays: nthWeekdays.map(readNth),
    needsBothDays: isStar(day) || isStar(weekday),
  };
  checkDates(written, read, isStar(day));
  return read;
}

function isStar(field: string): boolean {
  return /^[*?]/.test(field);
}

/** A date that no year has, such as 31 February, is a slip, even where a day of the week would still suit. */
function checkDates(written: string, { days, hasLastDay, months }: CronFields, isAnyDay: boolean): void {
  if (isAnyDay || hasLastDay || days.length === 0) return;
  const exists = months.some((month) => days.some((day) => day <= (LONGEST[month - 1] ?? 0)));
  if (exists) return;
  const date = `${days[0]} ${MONTH_NAMES[(months[0] ?? 1) - 1]}`;
  throw mistake(`"${written}" can never run: there is no ${date}.`, 'Write L for the last day of a month.');
}

function split(field: string, isSpecial: (item: string) => boolean): [plain: string, special: string[]] {
  const items = field.split(',');
  return [items.filter((item) => !isSpecial(item)).join(','), items.filter(isSpecial)];
}

function readNth(item: string): { weekday: number; nth: number } {
  const [, name = '', nth] = /^(\w+?)(?:#([1-5])|L)$/i.exec(item) ?? [];
  if (name === '')
    throw mistake(`"${item}" is not a day of the week.`, 'Such as 0#1 (first Sunday) or 5L (last Friday).');
  return { weekday: numberOf(name, WEEKDAY) % 7, nth: Number(nth ?? 0) };
}

function numbersOf(field: string, of: Field): number[] {
  if (field === '') return [];
  return [...new Set(field.split(',').flatMap((item) => rangeOf(item, of)))].sort((a, b) => a - b);
}

/** `*`, `7`, `1-5`, `fri-mon`, each but a single number also with `/step`. */
function rangeOf(item: string, of: Field): number[] {
  const [, whole = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
  const isAll = whole === '*' || whole === '?';
  const [from = '', to] = isAll ? [String(of.min), String(of === WEEKDAY ? 6 : of.max)] : whole.split('-');
  if (step !== undefined && to === undefined) {
    throw mistake(`"${item}" in the ${of.name} field can be read in two ways.`, `Write "${whole}-${of.max}/${step}".`);
  }
  const width = Number(step ?? 1);
  if (width < 1 || width > of.max) throw mistake(`"${item}" is not a step of the ${of.name} field.`, FIELDS_HINT);
  const first = numberOf(from, of);
  const last = to === undefined ? first : numberOf(to, of);
  const span = last >= first ? last - first : last - first + size(of);
  return Array.from({ length: Math.floor(span / width) + 1 }, (_, at) => wrap(first + at * width, of));
}

function size({ min, max, names }: Field): number {
  return names === WEEKDAYS ? 7 : max - min + 1;
}

function wrap(value: number, of: Field): number {
  return value > of.max ? value - size(of) : value;
}

function numberOf(text: string, of: Field): number {
  const named = text === '' ? -1 : (of.names?.indexOf(text.toLowerCase()) ?? -1);
  const value = named >= 0 ? named : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= of.min && value <= of.max) return value;
  const names = of.names ? ` or a name such as ${of.names[1]}` : '';
  throw mistake(
    `"${text}" is not ${of === HOUR ? 'an' : 'a'} ${of.name}.`,
    `It must be ${of.min} to ${of.max}${names}.`,
  );
}

function mistake(sentence: string, hint: string): UserError {
  return new UserError('bad-input', sentence, { hint });
}
