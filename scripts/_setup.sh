# Sourced by the other scripts: makes the checkout's own virtual environment and finds a browser. Says what it does on
# stderr, does nothing when everything is there already, and never touches anything outside the checkout but through the
# system's package manager when run as root on Debian.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
PY="$VENV/bin/python"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
unset PYTHONDONTWRITEBYTECODE  # containers set it; every command would compile a hundred modules anew

say() { printf 'polyhost: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

debian_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
    say "installing $* with apt-get"
    local log
    log="$(mktemp)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >"$log" 2>&1 || { tail -n 5 "$log" >&2; die "apt-get could not install $*; see the lines above"; }
    rm -f "$log"
}

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# make_venv LOCKFILE [FOLDER]: the environment (.venv where no other is named) holds exactly what the lock file names, checked
# by hash.
make_venv() {
    local lock="$ROOT/$1" folder="${2:-.venv}" venv py stamp python
    venv="$ROOT/$folder" py="$ROOT/$folder/bin/python" stamp="$ROOT/$folder/.installed-$1"
    if [ -f "$stamp" ] && cmp -s "$lock" "$stamp" && [ -x "$py" ]; then return; fi
    if [ ! -x "$py" ] || ! "$py" -m pip --version >/dev/null 2>&1; then
        if ! python="$(find_python)"; then
            debian_root || die "Python 3.11 or newer is needed and was not found; install it and run this again"
            apt_install python3 python3-venv
            python="$(find_python)" || die "this system's python3 is older than 3.11; install Python 3.11 or newer"
        fi
        say "making a virtual environment in $folder"
        rm -rf "$venv"
        if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
            rm -rf "$venv"
            debian_root || die "$python cannot make virtual environments; install its venv package (Debian: python3-venv)"
            apt_install python3-venv
            "$python" -m venv "$venv" || die "$python still cannot make a virtual environment"
        fi
    fi
    say "installing dependencies from $1 (hashes checked)"
    "$py" -m pip install --quiet --require-hashes -r "$lock" || die "the dependencies in $1 could not be installed"
    if [ "$venv" = "$VENV" ]; then
        printf '%s\n' "$ROOT/host" >"$("$py" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/polyhost-checkout.pth"
    fi
    cp "$lock" "$stamp"
}

# need_servers: other people's software that the lane servers runs, and clients to read it with, in an environment of their
# own: nothing of it can come in between the project and what it needs itself.
need_servers() {
    make_venv requirements-servers.lock .venv-servers
    say "servers: $(sed -n 's/^\(matrix-synapse\|matrix-nio\|mwclient\)==\([^ ]*\).*/\1 \2/p' "$ROOT/requirements-servers.lock" |
        paste -sd, | sed 's/,/, /g') in .venv-servers ($(du -sm "$ROOT/.venv-servers" | cut -f1) MB)"
}

# need_mediawiki: the wiki that the lane servers runs, under PHP's own server. Debian's package brings a web server along; it is
# kept from starting, as nothing here needs it.
need_mediawiki() {
    if [ ! -f /usr/share/mediawiki/api.php ] || ! php -r 'exit(extension_loaded("sqlite3") ? 0 : 1);' 2>/dev/null; then
        debian_root || { say "no MediaWiki found: its tests are skipped (Debian: apt-get install mediawiki php-cli php-sqlite3)"; return; }
        local policy=/usr/sbin/policy-rc.d kept=yes
        if [ ! -e "$policy" ]; then
            kept=no
            printf '#!/bin/sh\nexit 101\n' >"$policy"
            chmod 755 "$policy"
        fi
        apt_install mediawiki php-cli php-sqlite3
        [ "$kept" = yes ] || rm -f "$policy"
    fi
    say "servers: MediaWiki $(dpkg-query -W -f '${Version}' mediawiki) with PHP $(php -r 'echo PHP_VERSION;') ($(du -sm /usr/share/mediawiki | cut -f1) MB)"
}

# have_browser: is there anything polyhost could start? The order of preference is the program's own business.
have_browser() {
    [ -n "${POLYHOST_BROWSER:-}" ] && return 0
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable microsoft-edge; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    compgen -G "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}/chromium-*" >/dev/null && return 0
    compgen -G "$HOME/Library/Caches/ms-playwright/chromium-*" >/dev/null && return 0
    [ -d "/Applications/Google Chrome.app" ] || [ -d "/Applications/Chromium.app" ] || [ -d "/Applications/Microsoft Edge.app" ]
}

need_browser() {
    have_browser && return
    if debian_root; then apt_install chromium; need_shell; return; fi
    say "no Chromium, Chrome or Edge found: install one, or run: $PY -m playwright install chromium"
}

# need_shell: a browser without windows starts in half the time, for recordings and test servers. Not everywhere to be had.
need_shell() {
    if ! command -v chromium-headless-shell >/dev/null 2>&1 && debian_root; then
        (apt_install chromium-headless-shell) || say "going on without it"
    fi
}

# need_faketime: clocks that are years off are tried in real processes.
need_faketime() {
    command -v faketime >/dev/null 2>&1 && return
    if debian_root; then apt_install faketime; return; fi
    say "no faketime found: the tests of wrong clocks are skipped (Debian: apt-get install faketime)"
}

# need_screen: signing in is tested in a real window, on a screen nobody sees.
need_screen() {
    command -v Xvfb >/dev/null 2>&1 && return
    [ "$(uname)" = Darwin ] && return
    if debian_root; then apt_install xvfb; return; fi
    [ -n "${DISPLAY:-}" ] || say "no Xvfb and no display: install Xvfb for the tests that sign in in a window"
}
