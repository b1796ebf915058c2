/**
 * A service that writes into every folder it is given until it is told to stop, and once more while it stops. Started
 * again it only lives, so that what stands there afterwards is what stood there at the cut.
 */
export function busyService(folders: readonly string[], frozen: string): object {
  return {
    name: 'busy',
    command: ['sh', '-c', BUSY, 'busy', frozen, MAPPED, ...folders],
    folder: '/',
    stop: { grace: '10s' },
    ready: { command: ['test', '-e', `${frozen}.up`] },
  };
}

const BUSY = `
frozen=$1 mapped=$2; shift 2
[ ! -e "$frozen" ] || exec sleep 86400
for folder; do
  mkdir -p "$folder/churn"
  printf 'first and whole' >"$folder/same"; printf 'first and whole' >"$folder/replaced"
  touch -d 2020-02-02T02:02:02Z "$folder/same" "$folder/replaced"
  printf 'AAAAAAAA' >"$folder/mapped"
done
perl -e "$mapped" "$@" & writer=$!
last() {
  for folder; do
    printf 'FIRST AND WHOLE' 1<>"$folder/same"
    printf 'other but as long' | cut -c1-15 | tr -d '\\n' >"$folder/new"; mv "$folder/new" "$folder/replaced"
    touch -d 2020-02-02T02:02:02Z "$folder/same" "$folder/replaced"
    echo last >>"$folder/grows"
  done
  kill $writer; wait $writer
  touch "$frozen"; exit 0
}
trap 'last "$@"' TERM
count=0
while :; do
  count=$((count + 1))
  for folder; do
    head -c 50000 /dev/zero >>"$folder/grows"
    echo x >"$folder/churn/$count"; rm -f "$folder/churn/$((count - 5))"
  done
  touch "$frozen.up"
  sleep 0.02
done
`;

/**
 * Writes through a shared mapping, at least every 10 ms, and other bytes at the very end. read(2) from a pipe into the
 * mapped pages is the only way to write there that Perl has; the numbers of the calls are the machine's.
 */
const MAPPED = `
use strict; use Config; use Time::HiRes "sleep";
my ($mmap, $read) = $Config{archname} =~ /x86_64/ ? (9, 0) : (222, 63);
pipe(my $out, my $in) || die $!;
my @pages = map { open(my $file, "+<", "$_/mapped") || die $!; syscall($mmap, 0, 8, 3, 1, fileno($file), 0) } @ARGV;
sub fill { for my $page (@pages) { syswrite($in, $_[0]) == 8 || die $!; syscall($read, fileno($out), $page, 8) == 8 || die $! } }
my $stops = 0; $SIG{TERM} = sub { $stops = 1 };
my $turn = 0;
until ($stops) { fill(sprintf("%08d", $turn++)); sleep 0.01 }
fill("THE-LAST");
`;
