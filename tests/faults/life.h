/* SPDX-License-Identifier: MIT */
/*
 * A life of gruvid for faults: it starts, serves, is asked, reloads and stops;
 * and the same with a server of NATS.
 *
 * gruvid may refuse to start, with a word about it; may end the connection that
 * a fault happens to, or refuse what was asked for; and has to go on in full
 * for the next, with no descriptor more than before, and stop in order.
 */
#ifndef TESTS_FAULTS_LIFE_H
#define TESTS_FAULTS_LIFE_H

void gruvid_life_begin(void);
void gruvid_life_begin_with_bus(void);
void gruvid_life(void);
void gruvid_life_end(void);

#endif
