# Gruvi on other systems: by hand, or as a stage of .ci/run.

EXTRA_DIST += %D%/debian
EXTRA_DIST += %D%/systemd
