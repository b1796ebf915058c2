#!/usr/bin/env bash
# Installs the Debian packages whose programs the tests use and this machine lacks: real attributes, access lists, flags and
# snapshots are tried, not pretended. Does nothing when all are there. Without the right to install, says what is lacking and
# goes on: the tests that need these programs need root too, and are skipped without it. Each further word is one more pair of
# a program, or a path, and its package, such as chromium:chromium.
set -uo pipefail
# package installation calls programs of the administrator's folders, and some of the programs are there
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

lacking=()
for pair in getfattr:attr setfacl:acl chattr:e2fsprogs mkfs.btrfs:btrfs-progs curl:curl script:bsdutils "$@"; do # program:package
  [ -e "${pair%%:*}" ] || command -v "${pair%%:*}" >/dev/null || lacking+=("${pair##*:}")
done
[ ${#lacking[@]} -eq 0 ] && exit 0

say() { printf 'get-test-tools: %s\n' "$*" >&2; }
as=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    say "the tests also use ${lacking[*]}; ask an administrator: apt-get install ${lacking[*]}"
    exit 0
  fi
  as=(sudo -n)
fi
say "installing ${lacking[*]}"
"${as[@]}" apt-get update -qq >&2 &&
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${lacking[@]}" >&2 &&
  exit 0
say "could not install ${lacking[*]}: install them by hand, then say the same again"
exit 1
