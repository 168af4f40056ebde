/* SPDX-License-Identifier: MIT */
/*
 * The interface between gruvid and its plugins.
 *
 * A plugin is a shared library with one descriptor, which GRUVID_PLUGIN()
 * defines.  This plugin sends back what it gets:
 *
 *     #include <gruvid/plugin.h>
 *
 *     static GRUVI_SWITCHPOINT int
 *     echo_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
 *     {
 *         char buf[16384];
 *         ssize_t n;
 *
 *         (void)plugin;
 *         while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0) {
 *             int err = gruvi_stream_write(stream, buf, n);
 *             if (err < 0)
 *                 return err;
 *         }
 *         return n;
 *     }
 *
 *     GRUVID_PLUGIN(echo,
 *         .version = "1.0",
 *         .summary = "sends back what it gets",
 *         .connection = echo_connection);
 *
 * Every section of the configuration that names the module is an instance of
 * it, with its own options, data and fibers.  Instances of one module share
 * its static variables.
 *
 * A reload of the configuration may make an instance anew: another generation
 * of its section starts, and takes the connections from then on, while the old
 * one drains.  Both are instances.
 */
#ifndef GRUVID_PLUGIN_H
#define GRUVID_PLUGIN_H

#include <gruvi.h>

#include <gruvid/option.h>

GRUVI_BEGIN_DECLS

/*
 * The number of this interface.  gruvid refuses a plugin made for another
 * major, or for a newer minor than its own.  Its history:
 *
 *   1.0  the first version
 *   1.1  request, reconfigure, handover and alpn of the descriptor;
 *        gruvid_plugin_fail(), gruvid_plugin_generation(),
 *        gruvid_plugin_draining(), gruvid_plugin_drain_event(),
 *        gruvid_handover_put(), _put_fd(), _get(), _take_fd(); GRUVID_PARK
 *   1.2  gruvid/request.h and gruvid/transport.h; GRUVID_ROUTE;
 *        gruvid/metrics.h; gruvid_log_each(); gruvid/inspect.h
 *   1.3  GRUVID_TARGET; gruvid_target_wait(), gruvid_plugin_hold(),
 *        gruvid_plugin_release()
 *   1.4  cluster of the descriptor, with gruvid/cluster.h; gruvid/bus.h;
 *        gruvid_bus_provide(), gruvid_bus_fill(), gruvid_bus_deliver();
 *        default_retry of gruvid_reply_t
 *
 * A new minor: members added at the end of a struct, calls added.  A new
 * major: anything else, and every change of libgruvi's SONAME.
 */
#define GRUVID_ABI_MAJOR 1
#define GRUVID_ABI_MINOR 4

/* An instance of a plugin: opaque.  Valid until its stop has returned. */
typedef struct gruvid_plugin gruvid_plugin_t;

/*
 * What connection returns to wait for the next message without a fiber: gruvid
 * keeps the stream, and calls connection again, in a new fiber, when there is
 * something to read or the peer has gone.  What the stream holds already
 * counts, so part of a message is to be read to its end and not parked with.
 * gruvi_stream_set_data() keeps what belongs to the connection.
 */
#define GRUVID_PARK 0x7061726b

/* A request: opaque.  See gruvid/request.h. */
typedef struct gruvid_request gruvid_request_t;

/* A question to all nodes.  See gruvid/cluster.h. */
typedef struct gruvid_cluster_question gruvid_cluster_question_t;

/*
 * Describes a plugin.  Every member but the name may be left out.  The order is
 * frozen; a new member takes the place of a reserved member.
 */
typedef struct gruvid_descriptor {
    /* The name of the plugin and of its file, without ".so".  Set by
     * GRUVID_PLUGIN(). */
    const char *name;

    /* Text for gruvid --describe. */
    const char *version;
    const char *summary;

    /* The keys of its section, ended by GRUVID_OPTIONS_END; checked before any
     * function here runs. */
    const gruvid_option_t *options;

    /*
     * Begin, in a fiber of the plugin's group: read options, make what the
     * plugin needs, spawn its fibers, and return.
     *
     * Returns 0, or a negative code to refuse the start: its fibers are
     * cancelled and joined, stop is not called, and gruvid ends.
     * Context: fiber, switchpoint.
     */
    GRUVI_SWITCHPOINT int (*start)(gruvid_plugin_t *plugin);

    /*
     * Serve a connection to a listen address of the section, in a fiber of its
     * own.  When it has returned, the fibers that it has spawned are cancelled
     * and joined, and then the stream is closed.
     *
     *   stream  borrowed: gruvid closes it
     *
     * Returns 0 or more; a negative code is logged as an error, unless it means
     * that the peer is gone; GRUVID_PARK to be called again.
     * Context: fiber, switchpoint.
     */
    GRUVI_SWITCHPOINT int (*connection)(gruvi_stream_t *stream,
                                        gruvid_plugin_t *plugin);

    /*
     * End: free what start made.  No fiber of the plugin is left by then.
     *
     * Context: fiber, switchpoint.
     */
    GRUVI_SWITCHPOINT void (*stop)(gruvid_plugin_t *plugin);

    /* A promise that several hubs, which are threads, may serve connections,
     * and answer requests, at once: then the instance listens in every hub.
     * Without it all of an instance runs in one hub, its home. */
    bool multi_hub;

    /* start and stop run once in each hub that the instance lives in, in one
     * hub after another: start in the first hub first, stop in the first hub
     * last.  If start refuses in one hub, stop runs in the hubs in which start
     * has returned 0.  See gruvid_hub_data().  Without it they run in the home,
     * or in the first hub. */
    bool per_hub;

    /* Answer a request, in a fiber for that alone.  gruvid/request.h says what
     * it returns.  With multi_hub it runs in any hub, else in the home.
     * Context: fiber, switchpoint. */
    GRUVI_SWITCHPOINT int (*request)(gruvid_request_t *request,
                                     gruvid_plugin_t *plugin);

    /*
     * Take new values of the section's options, in a fiber of the plugin's
     * group: a reload has found that they changed.  Without it a reload makes a
     * new generation.
     *
     * With per_hub it runs once in each hub, in one hub after another; in a hub
     * the getters give the new values from its call on.  Otherwise it runs once
     * where start ran, and the getters give the new values everywhere from that
     * call on.
     *
     * Returns 0: the values stay.  A negative code refuses them: the reload
     * fails, and the getters give the old values again.  Where something else
     * fails the reload after this has returned 0, it is called once more, with
     * the old values.  It has to return within start_timeout.
     * Context: fiber, switchpoint.
     */
    GRUVI_SWITCHPOINT int (*reconfigure)(gruvid_plugin_t *plugin);

    /*
     * Give what the next generation of the section is to go on with, just
     * before its start: see gruvid_handover_put().  Runs in the old generation,
     * in the hub where start ran first, while it still serves: what it changes
     * after this is not handed over.
     *
     * Returns 0; a negative code fails the reload.  It has to return within
     * start_timeout.
     * Context: fiber, switchpoint.
     */
    GRUVI_SWITCHPOINT int (*handover)(gruvid_plugin_t *plugin);

    /* The protocols that the section's TLS offers by ALPN, the best first,
     * ended by NULL; NULL: none. */
    const char *const *alpn;

    /*
     * Ask all nodes, and give their answers to question->take, before this
     * returns.  gruvid/cluster.h says how; plugins that know no other nodes
     * have none.
     *
     *   question  borrowed
     *
     * Returns 0; UV_ENOTCONN: none can be reached now.
     * Context: fiber of the first hub that the instance lives in, switchpoint.
     */
    GRUVI_SWITCHPOINT int (*cluster)(gruvid_plugin_t *plugin,
                                     const gruvid_cluster_question_t *question);

    /* For later.  NULL. */
    void (*reserved[3])(void);
} gruvid_descriptor_t;

/*
 * Define the descriptor of a plugin; once, at file scope.
 *
 *   name  the name of the file, not quoted: [a-z0-9][a-z0-9_-]{0,31}
 *   ...   designated initialisers of members of gruvid_descriptor_t, in C++
 *         in their order
 */
#define GRUVID_PLUGIN(name_, ...)                                              \
    GRUVID__NOTE;                                                              \
    GRUVID__QUIET                                                              \
    const gruvid_descriptor_t gruvid_plugin = {.name = #name_, __VA_ARGS__};   \
    GRUVID__LOUD                                                               \
    GRUVID__ASSERT(sizeof(#name_) <= 33, "a plugin's name is too long")

/* The name of the instance, which is its section's.  Context: any thread. */
GRUVI_API const char *gruvid_plugin_name(const gruvid_plugin_t *plugin);

/*
 * The instance's own data.
 *
 * Returns the pointer that was set, NULL before.
 * Context: any thread.
 */
GRUVI_API void *gruvid_plugin_data(const gruvid_plugin_t *plugin);

/*
 * Set the instance's data, so that connection and stop find it.
 *
 *   data  borrowed; stop frees it.  NULL is fine.
 *
 * With per_hub the first start sets it, and the later ones find it.
 *
 * Returns 0.
 * Errors:  UV_EPERM anywhere but in start.
 * Context: hub thread, during start.
 */
GRUVI_API int gruvid_set_plugin_data(gruvid_plugin_t *plugin, void *data);

/*
 * The group of the instance in this hub.  It is for hub and libuv callbacks,
 * which belong to no group.  Fibers that the instance's functions spawn are in
 * it, or in their connection's group, without a call.
 *
 * Returns a borrowed group.
 * Context: hub thread.
 */
GRUVI_API gruvi_group_t *gruvid_plugin_group(gruvid_plugin_t *plugin);

/*
 * The instance's data in this hub, for plugins with per_hub.
 *
 * Returns the pointer that was set in this hub; NULL before, and in a hub in
 * which start does not run.
 * Context: hub thread.
 */
GRUVI_API void *gruvid_hub_data(const gruvid_plugin_t *plugin);

/*
 * Set the instance's data in this hub.
 *
 *   data  borrowed; stop, which runs in each hub, too, frees it
 *
 * Returns 0.
 * Errors:  UV_EPERM anywhere but in start.
 * Context: hub thread, during start.
 */
GRUVI_API int gruvid_set_hub_data(gruvid_plugin_t *plugin, void *data);

/*
 * The value of an option: the value in the section, or else the default.  An
 * option that the plugin does not have, or that has another type, is an error
 * of the plugin: it is logged, and the result is NULL, 0, false or an empty
 * list.
 *
 * gruvid_option_string() is for every type but GRUVID_LIST and returns the
 * text, or NULL if there is neither value nor default.  It is valid until stop
 * has returned, also when a reload has changed the value meanwhile.
 *
 * In a thread without a hub, a reconfigure that runs once in each hub has given
 * the new values when it has returned in all hubs.
 *
 * Context: any thread.
 */
GRUVI_API const char *gruvid_option_string(const gruvid_plugin_t *plugin,
                                           const char *name);
GRUVI_API bool gruvid_option_bool(const gruvid_plugin_t *plugin,
                                  const char *name);
GRUVI_API int64_t gruvid_option_integer(const gruvid_plugin_t *plugin,
                                        const char *name);
GRUVI_API double gruvid_option_number(const gruvid_plugin_t *plugin,
                                      const char *name);

/* In bytes. */
GRUVI_API uint64_t gruvid_option_size(const gruvid_plugin_t *plugin,
                                      const char *name);

/* In seconds. */
GRUVI_API double gruvid_option_duration(const gruvid_plugin_t *plugin,
                                        const char *name);

/*
 * The items of a list, in order, ended by NULL; never NULL itself.
 *
 *   length  where to put the number of items; may be NULL
 */
GRUVI_API const char *const *gruvid_option_list(const gruvid_plugin_t *plugin,
                                                const char *name,
                                                size_t *length);

/* --- since 1.1 ------------------------------------------------------------ */

/*
 * Say why start or reconfigure is about to return a negative code, as printf()
 * does: the log and whoever has asked for the reload get the text, in place of
 * what the code stands for.  Cut to 255 bytes.
 *
 * Context: hub thread, during start and reconfigure.
 */
GRUVI_API void gruvid_plugin_fail(gruvid_plugin_t *plugin, const char *format,
                                  ...) __attribute__((format(printf, 2, 3)));

/*
 * Which generation of its section the instance is: 1 for the first since gruvid
 * began, and one more for each that a reload made.
 *
 * Context: any thread.
 */
GRUVI_API uint64_t gruvid_plugin_generation(const gruvid_plugin_t *plugin);

/*
 * Whether the instance drains: no connection comes any more, and those that are
 * there have until drain_timeout to end by themselves.  A new generation has
 * taken its place, the section is gone, or gruvid stops.
 *
 * Context: any thread.
 */
GRUVI_API bool gruvid_plugin_draining(const gruvid_plugin_t *plugin);

/*
 * An event that is set when the instance begins to drain, and never cleared:
 * for fibers that would otherwise go on for ever.
 *
 * Returns a borrowed event, valid until stop has returned.
 * Context: any thread.
 */
GRUVI_API gruvi_event_t *gruvid_plugin_drain_event(gruvid_plugin_t *plugin);

/*
 * Hand bytes over to the next generation.  It may be of another build, so these
 * are bytes, not a struct with pointers.
 *
 *   name  of what is handed over; copied.  A second put replaces the first
 *   data  copied; NULL only where size is 0
 *   size  bytes
 *
 * Returns 0.
 * Errors:  UV_EPERM anywhere but in handover; UV_EINVAL (an empty name);
 *          UV_E2BIG (names and data of all puts would have over 64 MiB);
 *          UV_ENOMEM.
 * Context: hub thread, during handover.
 */
GRUVI_API int gruvid_handover_put(gruvid_plugin_t *plugin, const char *name,
                                  const void *data, size_t size);

/*
 * The same for a descriptor, which is duplicated.
 *
 * Errors:  as above, or those of dup(2).
 */
GRUVI_API int gruvid_handover_put_fd(gruvid_plugin_t *plugin, const char *name,
                                     int fd);

/*
 * What the generation before this has handed over as bytes.
 *
 *   size  where to put the number of bytes; may be NULL
 *
 * Returns borrowed bytes with a NUL behind them, valid until start has
 * returned; NULL if nothing of the name was handed over.
 * Context: hub thread, during the first start.
 */
GRUVI_API const void *gruvid_handover_get(gruvid_plugin_t *plugin,
                                          const char *name, size_t *size);

/*
 * The same for a descriptor.  Those that are not taken are closed when start
 * has returned.
 *
 * Returns a descriptor that the caller owns, close-on-exec.
 * Errors:  UV_ENOENT.
 */
GRUVI_API int gruvid_handover_take_fd(gruvid_plugin_t *plugin,
                                      const char *name);

/* For the macro above; not to be used directly. */

/* What gruvid looks up once it has read and accepted the note. */
GRUVI_API extern const gruvid_descriptor_t gruvid_plugin;

/* An ELF note, owner "gruvid", type 1.  gruvid reads it from the file: once
 * the file is loaded as a library it is too late to refuse it. */
typedef struct gruvid__note {
    uint32_t name_size;
    uint32_t desc_size;
    uint32_t type;
    char name[8];
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t descriptor_size;
    uint32_t option_size;
} gruvid__note_t;

#define GRUVID__NOTE_TYPE 1

#define GRUVID__NOTE                                                           \
    static const gruvid__note_t gruvid__note GRUVID__KEEP                      \
        __attribute__((section(".note.gruvid"), used, aligned(4))) = {         \
            7,                                                                 \
            16,                                                                \
            GRUVID__NOTE_TYPE,                                                 \
            "gruvid",                                                          \
            GRUVID_ABI_MAJOR,                                                  \
            GRUVID_ABI_MINOR,                                                  \
            sizeof(gruvid_descriptor_t),                                       \
            sizeof(gruvid_option_t)}

/* Some linkers that drop unreferenced sections also drop notes. */
#ifdef __has_attribute
#if __has_attribute(retain)
#define GRUVID__KEEP __attribute__((retain))
#endif
#endif
#ifndef GRUVID__KEEP
#define GRUVID__KEEP
#endif

/* C++ warns about members that are left out, and C does not. */
#if defined(__cplusplus)
#define GRUVID__QUIET                                                          \
    _Pragma("GCC diagnostic push")                                             \
        _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define GRUVID__LOUD                   _Pragma("GCC diagnostic pop")
#define GRUVID__ASSERT(condition, why) static_assert(condition, why)
#else
#define GRUVID__QUIET
#define GRUVID__LOUD
#define GRUVID__ASSERT(condition, why) _Static_assert(condition, why)
#endif

/* --- since 1.2 ------------------------------------------------------------ */

/*
 * Log a line that stands for something of its own: as gruvi_log(), but equal
 * lines are all written, where others are counted for a second.  For an access
 * log.
 *
 * Context: any thread.
 */
GRUVI_API void gruvid_log_each(gruvi_log_level_t level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

GRUVI_END_DECLS

#endif
