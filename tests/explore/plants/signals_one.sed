# lib/core/signals.c
# A signal is for the hub that has listened last.
# os signals_two: nobody can go on
/^on_signal(/,/^}/s/drop_in(post, bit);/{\n            drop_in(post, bit);\n            break;\n        }/
