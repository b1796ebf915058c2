const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment as a clock of the zone shows it: `Sun 29 Mar 2026 03:00 GMT+2`. */
export function writeSlot(slot: Date, zone: string): string {
  const format = formats.get(zone) ?? formatOf(zone);
  formats.set(zone, format);
  const parts = Object.fromEntries(format.formatToParts(slot).map(({ type, value }) => [type, value]));
  const { weekday, day, month, year, hour, minute, timeZoneName } = parts;
  return `${weekday} ${day} ${month} ${year} ${hour}:${minute} ${timeZoneName}`;
}

/** Several, as one phrase. */
export function writeSlots(slots: readonly Date[], zone: string): string {
  return slots.map((slot) => writeSlot(slot, zone)).join(', ');
}

function formatOf(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
}
