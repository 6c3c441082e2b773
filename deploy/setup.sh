#!/usr/bin/env bash
# Installs what building, testing and the local servers need, and only what is missing.
# No system service is started or changed. With everything present it needs no network.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly JAVA_AT_LEAST=17
readonly KAFKA_POM=deploy/local/kafka-pom.xml
readonly KAFKA_LIBS=build/kafka/libs
readonly DEPLOY_TOOLS=build/deploy-tools
readonly LOG=build/setup.log

readonly PACKAGES=(
    build-essential pkg-config
    librdkafka-dev libevent-dev libhiredis-dev libcjson-dev libjansson-dev libsodium-dev libcurl4-openssl-dev libcjose-dev libssl-dev uthash-dev
    default-libmysqlclient-dev libcmocka-dev
    clang-format clang-tidy cppcheck shellcheck
    kcat redis-tools curl wrk faketime docker-compose debootstrap openssl stunnel4
    python3-yaml python3-jsonschema
    python3 python3-pyflakes python3-pytest python3-aiohttp python3-pymysql python3-redis python3-confluent-kafka
    python3-jwt python3-cryptography systemd
)

# These bring services that are to be neither started nor enabled; each has its package's name.
readonly UNSTARTED=(prometheus prometheus-alertmanager prometheus-node-exporter prometheus-pushgateway)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

installed() { dpkg-query -W -f '${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -q '^.i '; }
available() { [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]; }
first_available() {
    local name
    for name in "$@"; do
        if available "$name"; then echo "$name"; return; fi
    done
    echo "$1"
}

has_llhttp() { pkg-config --exists libllhttp 2>/dev/null || installed node-llhttp; }
has_java() {
    local version
    version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') || return 1
    [[ -n $version ]] && ((version >= JAVA_AT_LEAST))
}
has_libfuzzer() { compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*.a' >/dev/null; }
# The distribution's own version of clang, the one that clang-tidy brings.
libfuzzer_packages() {
    local version
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    echo "clang-${version:-14}"
    echo "libclang-rt-${version:-14}-dev"
}
has_database_server() { PATH=$PATH:/usr/sbin command -v mariadbd mysqld >/dev/null; }
has_database_client() { command -v mariadb >/dev/null || command -v mysql >/dev/null; }

# Debian's redis-tools holds the server too: one program that acts by the name it is called by.
find_redis_server() {
    if command -v redis-server; then return; fi
    [[ $(exec -a redis-server redis-check-rdb --version 2>/dev/null) == 'Redis server'* ]] &&
        command -v redis-check-rdb
}
link_redis_server() {
    local server
    server=$(find_redis_server) || return 1
    if [[ $(readlink build/redis-server 2>/dev/null) != "$server" ]]; then
        ln -sfn "$server" build/redis-server
    fi
}

missing_packages() {
    local wanted
    wanted=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${PACKAGES[@]}" 2>/dev/null |
        sed -n 's/^.i //p') || true
    printf '%s\n' "${PACKAGES[@]}" | grep -vxF "$wanted" || true
    has_llhttp || first_available libllhttp-dev node-llhttp
    has_java || first_available "openjdk-$JAVA_AT_LEAST-jre-headless" openjdk-21-jre-headless
    command -v mvn >/dev/null || echo maven
    command -v node >/dev/null || echo nodejs
    has_libfuzzer || libfuzzer_packages
    has_database_server || first_available mariadb-server-core mysql-server-core-8.0
    has_database_client || first_available mariadb-client mysql-client
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        "$@" >>"$LOG" 2>&1 </dev/null
}

refresh_package_lists() {
    say "reading the package lists…"
    apt update || say "could not refresh the package lists; trying with those at hand"
}

install_packages() {
    local packages=("$@")
    say "installing ${#packages[@]} packages: ${packages[*]}"
    if ! apt install --no-install-recommends "${packages[@]}"; then
        tail -n 15 "$LOG" >&2
        die "apt-get could not install them; the whole log is in $LOG"
    fi
}

missing_unstarted() {
    local name
    for name in "${UNSTARTED[@]}"; do installed "$name" || echo "$name"; done
}

# A service that was there before is left as it is.
install_unstarted() {
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    install_packages "$@"
    if command -v systemctl >/dev/null; then
        systemctl disable --quiet "$@" 2>/dev/null || true
    fi
}

install_what_is_missing() {
    local missing unstarted
    mapfile -t missing < <(missing_packages)
    mapfile -t unstarted < <(missing_unstarted)
    if ((${#missing[@]} + ${#unstarted[@]} == 0)) && link_redis_server; then return; fi
    if ((EUID != 0)); then
        missing+=("${unstarted[@]}")
        die "needs root to install ${missing[*]:-redis-server}: run
    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]:-redis-server}
and then make setup again"
    fi
    refresh_package_lists
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
    if ((${#unstarted[@]})); then install_unstarted "${unstarted[@]}"; fi
    if ! link_redis_server; then
        # Only for distributions whose redis-tools lacks the server.
        install_unstarted redis-server
        link_redis_server || die "redis-server is not there after installing it"
    fi
}

fetch_kafka() {
    local fresh=build/kafka/libs.new stamp=$KAFKA_LIBS/.pom
    if cmp -s "$KAFKA_POM" "$stamp"; then return; fi
    say "fetching Kafka's jars with Maven (about 54 MB)…"
    rm -rf "$fresh"
    mkdir -p "$fresh"
    if ! timeout 600 mvn -q -B -f "$KAFKA_POM" \
        org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$PWD/$fresh" >>"$LOG" 2>&1 </dev/null; then
        rm -rf "$fresh"
        grep -m 1 ERROR "$LOG" >&2 || true
        say "NO NEW KAFKA: Maven could not fetch its jars (is Maven Central reachable? log: $LOG)."
        if [[ -d $KAFKA_LIBS ]]; then
            say "the jars of an earlier setup stay in use; everything else is present"
        else
            say "the demo falls back to a mock cluster, tests that need a real broker are skipped;"
            say "everything else is present. To try again: make setup"
        fi
        return 1
    fi
    if ! { cp "$KAFKA_POM" "$fresh/.pom" && rm -rf "$KAFKA_LIBS" && mv "$fresh" "$KAFKA_LIBS"; }; then
        die "cannot write $KAFKA_LIBS"
    fi
    say "Kafka: $(find "$KAFKA_LIBS" -name '*.jar' | wc -l) jars in $KAFKA_LIBS"
}

# Beside the broker's jars, for tests of two regions.
fetch_mirror_maker() {
    local version folder=build/kafka-mirror name
    version=$(sed -n 's/.*<kafka.version>\(.*\)<.*/\1/p' "$KAFKA_POM")
    if [[ -e $folder/connect-mirror-$version.jar && -e $folder/connect-mirror-client-$version.jar ]]; then return; fi
    for name in connect-mirror connect-mirror-client; do
        if ! timeout 300 mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
            -Dartifact="org.apache.kafka:$name:$version" -DoutputDirectory="$folder" >>"$LOG" 2>&1 </dev/null; then
            say "Maven could not fetch MirrorMaker (log: $LOG): the test of two regions is skipped"
            return
        fi
    done
}

# What the files in deploy/ are checked with, in exact versions. Nothing of it runs while it is installed.
fetch_deploy_tools() {
    local list=tests/deploy/package.json
    if cmp -s "$list" "$DEPLOY_TOOLS/package.json"; then return; fi
    if ! command -v npm >/dev/null; then
        say "no npm here: checks of images, compose and Kubernetes files that need its tools are skipped"
        return
    fi
    say "fetching the tools that check deploy/ with npm (about 100 MB)…"
    rm -rf "$DEPLOY_TOOLS" "$DEPLOY_TOOLS.new"
    mkdir -p "$DEPLOY_TOOLS.new"
    cp "$list" "$DEPLOY_TOOLS.new/"
    if (cd "$DEPLOY_TOOLS.new" &&
        timeout 600 npm install --ignore-scripts --no-audit --no-fund --no-package-lock) >>"$LOG" 2>&1 </dev/null; then
        mv "$DEPLOY_TOOLS.new" "$DEPLOY_TOOLS"
    else
        say "npm could not fetch them (log: $LOG): the checks that need them are skipped"
    fi
}

command -v apt-get >/dev/null || die "no apt-get here; install by hand: ${PACKAGES[*]}, llhttp, java, maven, MariaDB or MySQL"
mkdir -p build
: >"$LOG"
install_what_is_missing
fetch_deploy_tools
fetch_mirror_maker
if fetch_kafka; then say "all present"; fi
