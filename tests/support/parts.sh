# SPDX-License-Identifier: MIT
# Runs the parts of a check one after another, all of them even if one fails, and adds up their counts. To be sourced by a
# script whose working directory is the project's root; the script sets `results` to a folder of its own.

# A part writes its counts to "$results/NAME.xml" (JUnit), or ends in lines "skipped N: REASON" and "N passed, N failed".
# A part without either counts as one failure when it fails, and else not at all.
total_passed=0 total_failed=0 total_skipped=0 failed_parts=() skipped_lines=()
counts='^([0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?|skipped [0-9]+: .*)$'

part() { # NAME COMMAND…
    local name=$1 started=$SECONDS code passed failed skipped lines
    shift
    mkdir -p "$results"
    rm -f "$results/$name.xml"
    printf '\n== %s\n' "$name"
    # A part's own count goes to its log only, so that the script's last line is the only one of that form.
    "$@" </dev/null 2>&1 | tee "$results/$name.log" | grep --line-buffered -vE "$counts"
    code=${PIPESTATUS[0]}
    mapfile -t lines < <(/usr/bin/python3 tests/support/count.py "$results/$name.xml" "$results/$name.log" "$code")
    read -r passed failed skipped <<<"${lines[0]:-0 1 0}"
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed)) total_skipped=$((total_skipped + skipped))
    skipped_lines+=("${lines[@]:1}")
    [ "$failed" -eq 0 ] || failed_parts+=("$name")
    printf -- '-- %s: %d passed, %d failed, %d skipped, %d s\n' "$name" "$passed" "$failed" "$skipped" $((SECONDS - started))
    [ "$failed" -eq 0 ]
}

total() { # prints each reason of skipped tests once, then the last line, and returns the exit code
    [ $total_failed -eq 0 ] || printf '\nfailed: %s\n' "${failed_parts[*]}"
    printf '%s\n' "${skipped_lines[@]}" | awk -F ': ' 'NF { reason = substr($0, length($1) + 3)
        split($1, words, " "); times[reason] += words[2] } END { for (each in times) print "skipped " times[each] ": " each }'
    printf '%d passed, %d failed, %d skipped\n' $total_passed $total_failed $total_skipped
    [ $total_failed -eq 0 ]
}

build() { # PRESET [cmake option…]
    cmake --preset "$1" "${@:2}" >/dev/null && cmake --build --preset "$1" -j "$(nproc)"
}

unit_tests() { # PRESET, part's NAME
    ctest --test-dir "build/$1" --no-tests=error --output-on-failure --timeout 300 -j "$(nproc)" \
        --output-junit "$results/$2.xml"
}

# Many tests wait for a time to pass, so as many files as there are processors run at the same time; the tests of a file
# run one after another.
python_tests_side_by_side() { # part's NAME, pytest's arguments…
    local options=()
    ! /usr/bin/python3 -c 'import xdist' 2>/dev/null || options=(--numprocesses "$(nproc)" --dist loadfile)
    python_tests "$@" "${options[@]}"
}

python_tests() { # part's NAME, pytest's arguments…
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -c tests/pytest.ini --rootdir=tests \
        --junit-xml="$results/$1.xml" "${@:2}"
}
