/** Where the files of a database of PostgreSQL lie below a folder: depth, owner and path of the topmost place. */
export const FIND_DATABASE = `
find "$1" -maxdepth 4 -name PG_VERSION -printf '%d %U %h\\n' | sort -n | head -n 1`;

/**
 * Starts the database on files that nobody needs any more, counts, and ends it. It listens on a socket in a folder of our own
 * only, asks nobody for a password, and archives nothing: what is configured beside the data may name the live ones.
 * A stale lock of the one that was stopped, or killed, goes first.
 */
export const COUNT_RESTORED = `
data=$1 user=$2 database=$3 question=$4
version=$(cat "$data/PG_VERSION")
PATH=$PATH:/usr/lib/postgresql/$version/bin:/usr/pgsql-$version/bin:/usr/local/pgsql/bin
own=$(mktemp -d "$5/rows.XXXXXX") || exit 1
trap 'pg_ctl -D "$data" -m immediate stop >/dev/null 2>&1; rm -rf "$own"' EXIT
echo 'local all all trust' >"$own/hba"
: >"$own/empty"
set -- "-c listen_addresses=" "-c unix_socket_directories=$own" "-c hba_file=$own/hba" "-c ident_file=$own/empty" \\
  "-c data_directory=$data" '-c ssl=off' '-c archive_mode=off' '-c logging_collector=off' '-c fsync=off' \\
  '-c shared_buffers=32MB' '-c huge_pages=off' '-c max_prepared_transactions=100'
[ -f "$data/postgresql.conf" ] || set -- "$@" "-c config_file=$own/empty"
rm -f "$data/postmaster.pid"
pg_ctl -D "$data" -w -t 3600 -l "$own/log" -o "$*" start >/dev/null || { tail -n 5 "$own/log" >&2; exit 1; }
psql -h "$own" -U "$user" -d "$database" --no-align --tuples-only --command "$question"`;
