import { createHash } from 'node:crypto';
import type { Program, ProgramResult } from '../../program.ts';
import { PARALLEL_WALK } from '../parallel-walk.ts';
import { MOUNTS } from './names.ts';

/** Where a container finds its script, and where it may put what the program says on the side. */
export const SCRIPT_FILE = `${MOUNTS}/program`;
export const OUTPUT_FOLDER = `${MOUNTS}/output`;
/** Where a container that waits at a gate sees its pod's annotation. */
export const GATE_FOLDER = `${MOUNTS}/gate`;
export const GATE_FILE = 'state';

const STDERR_LINES = 2_000;
const ABSENT = 'absent';

/** Tells one program from another under the same key. */
export function fingerprintOf({ command, args, cwd, needs }: Program): string {
  return hash(JSON.stringify([command, args, cwd ?? '', needs?.places ?? []]));
}

/** What no program prints: it tells the end of standard output from what follows. The same in every life of ours. */
export function markOf(jobName: string, program: Program): string {
  return `cml-${hash(`${jobName}\n${fingerprintOf(program)}`).slice(0, 40)}`;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

export interface ScriptWish {
  /** Folders that are walked by many at once first. */
  readonly slow?: readonly string[];
  readonly isGated?: boolean;
}

/**
 * Runs as the first process of a container. A pod's log mixes standard output and error, even inside long lines: so error
 * goes to a file and is told when the program has ended, between two marks, the second of which carries the exit code. The
 * first process is the only one that is told SIGTERM, and once: it tells the program's whole group, again every second,
 * since a shell that is just about to become the program loses the first one.
 *
 * What is `slow` is walked first, 32 at a time: no other pod could warm the cache of this one's mounts. When that fails the
 * program is slower, and right all the same.
 */
export function programScript(program: Program, mark: string, { slow = [], isGated = false }: ScriptWish = {}): string {
  const walks = slow.map((path) => `sh -c ${quoted(PARALLEL_WALK)} sh ${quoted(path)} ${OUTPUT_FOLDER}/folders`);
  const walkFirst = quoted(`{ ${[...walks, ':'].join('\n')}\n} >/dev/null 2>&1; exec "$@"`);
  return `
mark=${quoted(mark)} errors=${OUTPUT_FOLDER}/stderr told= child=
finish() {
  printf '%s\\n' "$mark"
  [ ! -s "$errors" ] || tail -n ${STDERR_LINES} "$errors"
  printf '%s %s\\n' "$mark" "$1"
}
tell() { kill -TERM -- "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null; }
heed() {
  told=yes
  [ -n "$child" ] || return 0
  tell
  (while sleep 1; do tell || exit; done) </dev/null >/dev/null 2>&1 &
}
trap heed TERM INT HUP QUIT
${isGated ? AWAIT_GATE : ''}
${program.cwd === undefined ? '' : `cd -- ${quoted(program.cwd)} || { finish ${ABSENT}; exit 127; }`}
set -- ${[program.command, ...program.args].map(quoted).join(' ')}
command -v "$1" >/dev/null || { finish ${ABSENT}; exit 127; }
setsid ${walks.length > 0 ? `sh -c ${walkFirst} sh ` : ''}"$@" </dev/null 2>"$errors" &
child=$!
[ -z "$told" ] || heed
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
finish "$code"
exit "$code"
`;
}

/** Before anything is looked at: what a share's attributes were while services ran must not be kept by its mount. */
const AWAIT_GATE = `
until [ "$(cat ${GATE_FOLDER}/${GATE_FILE} 2>/dev/null)" = open ]; do
  [ -z "$told" ] || exit 143
  sleep 0.2
done`;

/** As one word of a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

export interface ProgramOutput {
  /** One line of the pod's log. */
  take(line: string): void;
  stderr(): ProgramResult['stderr'];
  /** How the program ended by its own account; undefined when the log stops before that. */
  end(): 'absent' | number | undefined;
}

/** Takes a log apart again. */
export function createProgramOutput(mark: string, onLine: (line: string) => void): ProgramOutput {
  const stderr: string[] = [];
  let isOver = false;
  let end: 'absent' | number | undefined;
  const keep = (line: string) => (isOver ? stderr.push(line) : onLine(line));
  return {
    take(line) {
      const lastMark = isOver ? `${mark} ` : mark;
      const at = line.indexOf(lastMark);
      if (at < 0) {
        keep(line);
        return;
      }
      // What the program wrote last may lack a line break.
      if (at > 0) keep(line.slice(0, at));
      if (isOver) {
        const said = line.slice(at + lastMark.length);
        end = said === ABSENT ? ABSENT : Number(said);
      }
      isOver = true;
    },
    stderr: () => stderr,
    end: () => end,
  };
}
