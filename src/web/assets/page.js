// What a page gains where scripts run: the reader's own time, clocks that tick, and a word when the connection is cut off.

/** The server says a word at least so often; one and a half of that without any means that it cannot be heard. */
const SILENCE_MS = 25_000;

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

function showLocalTimes(root) {
  for (const time of root.querySelectorAll('time[data-local="clock"]')) {
    time.dataset.local = 'yes';
    time.textContent = clock.format(new Date(time.dateTime));
  }
  for (const time of root.querySelectorAll('time[datetime]:not([data-local])')) {
    time.dataset.local = 'yes';
    time.textContent = local.format(new Date(time.dateTime));
  }
}

/** `4m 12s`: as the server writes lengths of time. */
function writeClock(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return first < 0
    ? '0s'
    : parts
        .slice(first)
        .flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : []))
        .join(' ');
}

function tick() {
  for (const clock of document.querySelectorAll('[data-since]')) {
    clock.textContent = writeClock(Date.now() - Date.parse(clock.dataset.since));
  }
  for (const clock of document.querySelectorAll('[data-until]')) {
    clock.textContent = writeClock(Date.parse(clock.dataset.until) - Date.now());
  }
}

let heardAt = Date.now();
let isFollowing = false;

function showCutOff(isCutOff) {
  const word = document.getElementById('cut-off');
  if (word) word.hidden = !isCutOff;
}

function heard() {
  heardAt = Date.now();
  isFollowing = true;
  showCutOff(false);
}

for (const event of ['htmx:sse:after:connection', 'htmx:sse:after:message']) document.addEventListener(event, heard);
document.addEventListener('htmx:sse:error', () => showCutOff(true));
document.addEventListener('htmx:sse:close', ({ detail }) => {
  isFollowing = false;
  if (detail?.reason === 'message') showCutOff(false);
});
document.addEventListener('htmx:after:swap', () => {
  showLocalTimes(document);
  tick();
});
setInterval(() => {
  tick();
  if (isFollowing && !document.hidden && Date.now() - heardAt > SILENCE_MS) showCutOff(true);
}, 1000);
showLocalTimes(document);
tick();
