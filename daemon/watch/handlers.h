/* SPDX-License-Identifier: MIT */
/*
 * Whether the handlers of signals are still gruvid's own.  Whoever has replaced
 * one is named in the log.  Those of crashes are put back: a crash of any
 * plugin is to be reported, and to leave a core.
 */
#ifndef GRUVID_WATCH_HANDLERS_H
#define GRUVID_WATCH_HANDLERS_H

/* Remember what crashes do, before a module is opened. */
void gruvid__handlers_remember(void);

/* Take back what a module has changed while it was opened.
 * Context: main thread, before there is a hub. */
void gruvid__handlers_restore(void);

/* From now on the handlers are right as they are.
 * Context: main thread, when all are installed. */
void gruvid__handlers_settle(void);

/*
 * Look.
 *
 *   plugin  that was started since the last look, or changed; NULL: some plugin
 *           that runs, or a module that was opened
 *
 * Context: main thread.
 */
void gruvid__handlers_check(const char *plugin);

#endif
