# Fuzzers are built on demand, see run.
EXTRA_DIST += %D%/run
EXTRA_DIST += %D%/config.dict
EXTRA_DIST += %D%/control.dict
EXTRA_DIST += %D%/gruvictl
EXTRA_DIST += %D%/http.dict
EXTRA_DIST += %D%/fuzz_config.c
EXTRA_DIST += %D%/fuzz_control.c
EXTRA_DIST += %D%/fuzz_gruvictl.c
EXTRA_DIST += %D%/fuzz_http.c
EXTRA_DIST += %D%/fuzz_image.c
EXTRA_DIST += %D%/fuzz_note.c
EXTRA_DIST += %D%/http_seeds.c
