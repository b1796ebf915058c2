#!/usr/bin/env bash
# Prints the path of a usable restic. The first of these that works:
#   1. one on the PATH, new enough
#   2. the one fetched earlier into .cache/restic
#   3. the pinned official release, checked against its SHA-256
#   4. Debian's package of a newer suite, checked by apt's signatures, unpacked into .cache/restic
# Nothing outside .cache is written. Everything but the path goes to standard error.
set -euo pipefail

oldest=0.17.1
release=0.19.1
# As pinned alike by several independent public projects, one of which checked them against the signed SHA256SUMS of
# https://github.com/restic/restic/releases/tag/v0.19.1
sha256_amd64=f415415624dcc452f2a02b8c33641791a8c6d6d3b65bbb3543fcf9a25151585c
sha256_arm64=a5f64aaab53d51e311fa3829124c5b703f2d14cf187d8640b6be3b2b49376465
# Newest first; an older one is taken when the newer does not run with this machine's libraries.
suites=(sid trixie)

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$project/.cache/restic

say() { printf 'get-restic: %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

version_of() { "$1" version 2>/dev/null | sed -n 's/^restic \([0-9][0-9.]*\).*/\1/p'; }

is_usable() {
  local version
  [[ -x $1 ]] && version=$(version_of "$1") && [[ -n $version ]] &&
    [[ $(printf '%s\n%s\n' "$oldest" "$version" | sort -V | head -n 1) == "$oldest" ]]
}

# Several runs may fetch at the same time: each in a folder of its own, the last step is a rename.
keep() {
  chmod 0755 "$1"
  is_usable "$1" || return 1
  mv -f "$1" "$cache/restic"
}

fetch() { # url file
  if has curl; then
    curl --fail --silent --show-error --location --connect-timeout 5 --max-time 120 --output "$2" "$1"
  elif has wget; then
    wget --quiet --tries=1 --timeout=5 --output-document="$2" "$1"
  else
    say 'neither curl nor wget is here'
    return 1
  fi
}

get_release() {
  local architecture sha256
  case $(uname -sm) in
    'Linux x86_64') architecture=amd64 sha256=$sha256_amd64 ;;
    'Linux aarch64') architecture=arm64 sha256=$sha256_arm64 ;;
    *) say "no release is pinned for $(uname -sm)" && return 1 ;;
  esac
  has bunzip2 || { say 'bunzip2 is not here' && return 1; }
  local file=$work/restic.bz2
  fetch "https://github.com/restic/restic/releases/download/v$release/restic_${release}_linux_$architecture.bz2" "$file" || return 1
  printf '%s  %s\n' "$sha256" "$file" | sha256sum --check --status || { say 'the release has a wrong SHA-256' && return 1; }
  bunzip2 "$file" && keep "$work/restic"
}

# The mirror that this machine uses itself, in either format of apt's sources.
debian_mirror() {
  local mirror
  mirror=$(
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
      sed -n -E 's#^(deb (\[[^]]*\] )?|URIs: *)(https?://[^ ]+/debian)/?( .*)?$#\3#p' | head -n 1
  ) || true
  [[ -n $mirror ]] || { say "the apt sources of this machine name no mirror of Debian" && return 1; }
  printf '%s\n' "$mirror"
}

get_package() { # suite
  has apt-get && has dpkg || { say 'apt-get and dpkg are not here' && return 1; }
  local apt=$work/$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed='' mirror
  mirror=$(debian_mirror) || return 1
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,state,download}
  [[ -r $keyring ]] && signed="[signed-by=$keyring] "
  printf 'deb %s%s %s main\n' "$signed" "$mirror" "$1" >"$apt/sources.list"
  # Given with -c, so that it is read after the machine's own settings: a proxy stays, hooks do not.
  cat >"$apt/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt/state";
Dir::State::Lists "$apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt/cache";
APT::Sandbox::User "$(id -un)";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
Acquire::Retries "1";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
CONF
  say "fetching Debian's package of $1"
  apt-get -c "$apt/apt.conf" -qq update >&2 || return 1
  (cd "$apt/download" && apt-get -c "$apt/apt.conf" -qq download restic >&2) || return 1
  dpkg -x "$apt"/download/restic_*.deb "$apt/unpacked" && keep "$apt/unpacked/usr/bin/restic"
}

while read -r found; do
  if is_usable "$found"; then
    printf '%s\n' "$found"
    exit
  fi
  say "$found is too old ($(version_of "$found" || true)), $oldest or newer is needed"
done < <(type -ap restic || true)

if ! is_usable "$cache/restic"; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/fetching.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  say 'looking for a restic to use'
  fetched=no
  if get_release; then fetched=yes; fi
  for suite in "${suites[@]}"; do
    [[ $fetched == yes ]] && break
    if get_package "$suite"; then fetched=yes; fi
  done
  if [[ $fetched == no ]]; then
    say "no usable restic could be fetched; install restic $oldest or newer, or put one at $cache/restic"
    exit 1
  fi
fi
printf '%s\n' "$cache/restic"
