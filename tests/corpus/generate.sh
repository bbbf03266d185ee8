#!/usr/bin/env bash
# Makes the trees that verdict.py judges: runs the generators of generators.tsv, each in a folder of its own.
#
#   generate.sh FOLDER            all of them
#   generate.sh FOLDER NAME...    only those
#
# It needs the network, `uv` and a Python 3.12. What it writes is other people's code: look at it, never commit it.
set -uo pipefail

list=$(dirname "$(readlink -f "$0")")/generators.tsv
folder=${1:?usage: generate.sh FOLDER [NAME...]}
shift
mkdir -p "$folder"
folder=$(readlink -f "$folder")

# Under pyenv the name `python3.12` may be a shim that refuses to run, so an installed version comes first.
interpreter=${UV_PYTHON:-}
if [[ -z $interpreter ]]; then
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python; do
        [[ -x $candidate ]] && interpreter=$candidate
    done
fi

wanted() { # wanted NAME CHOSEN...: is it chosen, or nothing is?
    local name=$1 chosen
    shift
    (($# == 0)) && return 0
    for chosen; do [[ $chosen == "$name" ]] && return 0; done
    return 1
}

answers() { # what a generator that asks gets to read
    case $1 in
        yes) yes 2>/dev/null ;;
        enter) yes '' 2>/dev/null ;;
        *) ;;
    esac
}

failed=()
while IFS=$'\t' read -r name package extra input command; do
    [[ -z $name || $name == '#'* ]] && continue
    wanted "$name" "$@" || continue
    rm -rf "${folder:?}/$name"
    mkdir "$folder/$name"
    with=(--with 'setuptools<81') # older generators import pkg_resources
    [[ $extra != - ]] && with+=(--with "$extra")
    read -ra words <<<"$command"
    (
        cd "$folder/$name" || exit 1
        export TERM=dumb NO_COLOR=1 COLUMNS=110
        answers "$input" | timeout 120 uv tool run --quiet --python "${interpreter:-3.12}" --from "$package" "${with[@]}" "${words[@]}"
        exit "${PIPESTATUS[1]}" # of the generator, not of `yes`, which dies of its closed pipe
    ) >"$folder/$name.log" 2>&1 </dev/null
    status=$?
    if ((status == 0)); then
        echo "$name: $(find "$folder/$name" -name '*.py' | wc -l) Python files"
    else
        echo "$name: exit $status, see $folder/$name.log" >&2
        failed+=("$name")
    fi
done <"$list"
((${#failed[@]} == 0)) || { echo "failed: ${failed[*]}" >&2; exit 1; }
