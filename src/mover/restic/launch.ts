import { HELD, PARTLY_UNREADABLE, PATH_ABSENT, PATH_MISSING, READ_ONLY } from './failure.ts';

/** How names begin that are ours: directly in a live folder, what an earlier restore displaced may stand there. */
export const RESERVED = '.cml-op_';

/** Where something is restored to, and from what; the words that a launched script finds in its variables. */
export interface Arrival {
  readonly target: string;
  /** Last name of what is restored. */
  readonly name: string;
  /** A copy and the folder in it that holds the name, as restic writes it. */
  readonly source: string;
  /** The name as a pattern that matches only it in the source. */
  readonly pattern: string;
  /** A folder that may be made and is removed. */
  readonly look: string;
}

export interface Around {
  /** Run before anything is looked at. */
  readonly first?: string;
  /** Run for each path that must be there, in `$1`. */
  readonly each?: string;
  /** Defines the shell function `call`, which runs restic. */
  readonly call?: string;
  /** Says on standard output how long restic and what stands around it took. */
  readonly isTimed?: boolean;
  readonly before?: string;
  /** Run when restic has succeeded, or could not read everything. */
  readonly evenPartly?: string;
  /** Run when restic has succeeded. */
  readonly after?: string;
}

/**
 * Says how long something took since the last time, in steps of 10 ms: a program that tells the time would itself take
 * some. Uptimes have two decimals (proc(5)).
 */
const CLOCK = `
look_at_clock() { read -r now rest </proc/uptime; now=\${now%.*}\${now#*.}0; }
took() {
  began=$now
  look_at_clock
  printf '{"message_type":"took","what":"%s","ms":%d}\\n' "$1" "$((now - began))"
}
look_at_clock`;

/**
 * Runs near the data, around restic. All in one program, since every program may be a container somewhere:
 * - looks whether all paths are there (before 0.19 restic passes over a missing one and exits 0);
 * - looks whether a repository in a folder can be written: restic would try for a quarter of an hour to take its lock;
 * - a held repository (exit 11) is tried once more after a plain `unlock`, which removes locks of dead owners only; the
 *   first try never waits, so that a dead owner's lock costs no time.
 * Signals go to the whole group: the trap keeps this shell until restic has ended, and from trying once more.
 */
export function launchScript(around: Around): string {
  const { first = '', each = '', before = '', evenPartly = '', after = '' } = around;
  const { call = 'call() { "$restic" "$@"; }', isTimed = false } = around;
  return `
wait=$1 target=$2 name=$3 source=$4 pattern=$5 look=$6 stopped=
shift 6
${isTimed ? CLOCK : ''}
${first}
while [ "$1" != -- ]; do
  [ -e "$1" ] || [ -L "$1" ] || { printf '%s is not there\\n' "$1" >&2; exit ${PATH_MISSING}; }
  ${each}
  shift
done
restic=$2
shift 2
case $RESTIC_REPOSITORY in /*)
  [ ! -d "$RESTIC_REPOSITORY/locks" ] || [ -w "$RESTIC_REPOSITORY/locks" ] || exit ${READ_ONLY} ;;
esac
trap stopped=yes HUP INT QUIT TERM
${call}
patiently() {
  call "$@"
  code=$?
  if [ "$code" -eq ${HELD} ] && [ -z "$stopped" ]; then
    "$restic" unlock >/dev/null 2>&1
    call --retry-lock "$wait" "$@"
    code=$?
  fi
  return "$code"
}
${before}
patiently "$@"
code=$?
${isTimed ? 'took restic' : ''}
case $stopped$code in 0|${PARTLY_UNREADABLE})
${evenPartly}
esac
[ "$code" -eq 0 ] || exit "$code"
${after}`;
}

/** Counts what really stands in the target, our own names left out. Sizes are summed as doubles, exact up to 2^53. */
const COUNT = `
(cd -- "$target" && find . -mindepth 1 -path './${RESERVED}*' -prune -o ! -type d -printf '%y %s\\n') | awk '
  { files++; if ($1 == "f") bytes += $2 }
  END { printf "{\\"message_type\\":\\"arrived\\",\\"files\\":%.0f,\\"bytes\\":%.0f}\\n", files, bytes }'
`;

/** What was restored as `<target>.partial/<name>` becomes the target; a file goes into it. */
export const BESIDE: Around = {
  isTimed: true,
  after: `
came=$target.partial/$name
if [ -d "$came" ] && [ ! -L "$came" ]; then
  { [ ! -e "$target" ] || find "$target" -mindepth 1 -delete; } && mv -T -- "$came" "$target" || exit 1
elif [ ! -e "$came" ] && [ ! -L "$came" ]; then
  printf '%s is not in the copy\\n' "$name" >&2; exit ${PATH_ABSENT}
else
  mkdir -p -- "$target" && mv -f -- "$came" "$target/" || exit 1
fi
rmdir -- "$target.partial"
took moving
${COUNT}
took counting`,
};

/** Not \`-delete\`, which goes depth first and so into what is pruned. */
function removeBelow(which: string): string {
  return `(cd -- "$target" && find . -mindepth 1 -path './${RESERVED}*' -prune -o ${which} -exec rm -rf -- {} +) || exit 1`;
}

/**
 * restic gives owner, mode, times and attributes to all that is below the folder it is pointed at, not to that folder:
 * they come from the folder restored alone, elsewhere, before anything in the target is touched. Attributes that the
 * folder did not have are taken away where `setfattr` is at hand (Debian package attr). A target that is a link is
 * followed: restic would put a folder in its place. Files with more than one name are removed first, since restic gives
 * times and modes also to a file whose content it finds right, and with it to its names elsewhere.
 */
export const IN_PLACE: Around = {
  before: `
if [ -L "$target" ]; then
  target=$(readlink -f -- "$target" && printf .)
  target=\${target%??}
fi
rm -rf -- "$look" || exit 1
patiently restore --json "$source" --include "$pattern" --include "!$pattern/*" --target "$look" >/dev/null || exit "$?"
if [ ! -d "$look/$name" ] || [ -L "$look/$name" ]; then
  rm -rf -- "$look"
  printf '%s is not a folder in the copy\\n' "$name" >&2; exit ${PATH_ABSENT}
fi
mkdir -p -- "$target" || exit 1
${removeBelow('! -type d -links +1')}
set -- "$@" --target "$target"
`,
  after: `
cp -a -T -- "$look/$name" "$target" || exit 1
if command -v setfattr >/dev/null; then
  getfattr -h -m - --absolute-names -- "$target" | sed 1d | while IFS= read -r key; do
    case $key in ''|system.*) continue ;; esac
    getfattr -h -n "$key" --absolute-names -- "$look/$name" >/dev/null 2>&1 || setfattr -h -x "$key" -- "$target" || exit 1
  done || exit 1
fi
rm -rf -- "$look"
${COUNT}`,
};

/** The same in a folder of which nothing is left. */
export const IN_PLACE_EMPTIED: Around = {
  before: `${IN_PLACE.before}${removeBelow('-prune')}\n`,
  ...(IN_PLACE.after === undefined ? {} : { after: IN_PLACE.after }),
};

/**
 * `restic find --json` writes all matches as one line, which may be hundreds of megabytes; this makes one of each. No name
 * can hold what it is cut at: quotes inside JSON strings are escaped.
 */
export const ONE_MATCH_A_LINE = through(
  `LC_ALL=C awk 'BEGIN { RS = "[{]\\"path\\":\\"" } NR > 1 { sub(/\\n$/, ""); print "{\\"path\\":\\"" $0 }'`,
);

/** Of where the blobs of a pack are found, only the copies: `"snapshot":"<id>"`, each once. */
export const COPIES_IN_MATCHES = through(`{ grep -oE '"snapshot":"[0-9a-f]{64}"' || true; } | sort -u`);

/** Of a million files that are as they should be, nobody wants to read. */
export const WITHOUT_UNCHANGED = through(
  `grep --line-buffered -v '^{"message_type":"verbose_status","action":"unchanged",'`,
);

/** What restic writes goes through a filter; the end is still restic's own, which the end of a pipe would hide. */
function through(filter: string): Around {
  return {
    call: `
call() {
  { ended=$({ { "$restic" "$@" 3>&- 4>&-; printf %s "$?" >&3; } | ${filter} >&4 3>&-; } 3>&1); } 4>&1
  return "\${ended:-143}"
}`,
  };
}
