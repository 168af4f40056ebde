# shellcheck shell=sh
# Where the module and its clang-tidy are; ends the test where there is none.

module=$top_builddir/tools/gruvi-tidy/gruvi-tidy.so
[ -e "$module" ] ||
    skip "no module for clang-tidy was built: configure found none"

# clang_tidy FILE... [-- FLAG...]
clang_tidy()
{
    "${CLANG_TIDY:-clang-tidy}" --quiet --load="$module" \
        --checks='-*,gruvi-*' "$@"
}
