import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { PortError } from '../../errors.ts';
import type { Program } from '../../program.ts';
import { fingerprintOf, type RunRecord } from './run-record.ts';

/** In the environment of a program and of all that it starts; its value is `<folder>/<key>`. */
export const MARKER = 'CML_PROGRAM';

/** The wrapper's own end when another wrapper holds the claim or the claim could not be written. */
export const NOT_CLAIMED = 75;

/** The nice value of what gives way: about a tenth of what others get of a busy processor, all of an idle one. */
const YIELDING = 10;

/**
 * Stands between us and the program, so that its exit code survives us.
 *
 * The claim is a link: of two wrappers (we died after starting the first and before knowing it) only one can make it,
 * the other ends without running anything. Neither the claim nor the end needs an fsync: after a power cut no process
 * lives, and an end of an earlier boot is not believed. An fsync would also wait for what the program itself has just
 * written. The traps keep the wrapper alive while a signal to the group ends the program; they are not inherited by it.
 * The start time is field 22 of /proc/<pid>/stat, which is the 20th after the command name (proc(5)). What the shell can
 * do itself starts no program: this stands in the way of each copy, also while services are down.
 *
 * Where the kernel weighs sessions (sched(7), "The autogroup feature"), a nice value counts only within the session of its
 * own that the program runs in; so the session gets it too. Not every system has that, and it may be refused.
 */
const WRAPPER = `
trap : HUP INT QUIT TERM
base=$CML_PROGRAM asked=$1 nice=$2
shift 2
started() { shift 19; started=$1; }
IFS= read -r stat <"/proc/$$/stat"
read -r boot </proc/sys/kernel/random/boot_id
started \${stat##*) }
mine=$base.run.json.$$
printf '{"pid":%d,"startTime":"%s","bootId":"%s","asked":"%s"}\\n' \\
  "$$" "$started" "$boot" "$asked" >"$mine" && ln "$mine" "$base.run.json"
made=$?
rm -f "$mine"
[ "$made" -eq 0 ] || exit ${NOT_CLAIMED}
if [ -n "$nice" ]; then
  { echo "$nice" >"/proc/$$/autogroup"; } 2>/dev/null
  set -- nice -n "$nice" "$@"
fi
"$@"
code=$?
printf '%d\\n' "$code" >"$base.exit.new" && mv "$base.exit.new" "$base.exit"
exit "$code"
`;

/** Looked up by us: a shell's own "not found" cannot be told from a program that ends with 127. */
function assertStartable(program: Program, path: string): void {
  const { command, cwd } = program;
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PortError('platform-unavailable', `${command} cannot be started in ${cwd}: there is no such folder`);
  }
  const places = command.includes('/')
    ? [isAbsolute(command) ? command : join(cwd ?? '.', command)]
    : path.split(delimiter).map((folder) => join(folder, command));
  if (places.some(isExecutable)) return;
  throw new PortError('platform-unavailable', `The program ${command} was not found or may not be executed`, {
    hint: command.includes('/') ? undefined : `It was looked for in ${path}`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Starts a program in a session of its own, output to files. */
export function startWrapped(
  program: Program,
  record: RunRecord,
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const env: Record<string, string> = { ...environment, ...program.env, [MARKER]: record.base };
  assertStartable(program, env.PATH ?? '');
  const out = openSync(record.out, 'w', 0o600);
  const err = openSync(record.err, 'w', 0o600);
  try {
    const asked = [fingerprintOf(program), program.yields ? String(YIELDING) : ''];
    const args = ['-c', WRAPPER, 'cml-run', ...asked, program.command, ...program.args];
    const child = spawn('/bin/sh', args, {
      env,
      ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
      detached: true,
      stdio: ['ignore', out, err],
    });
    child.unref();
    return child;
  } finally {
    closeSync(out);
    closeSync(err);
  }
}
