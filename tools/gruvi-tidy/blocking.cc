/* SPDX-License-Identifier: MIT */
/*
 * gruvi-blocking: a call that blocks the thread, in code of fibers or in
 * callbacks of the hub, with the call to use in its place.
 *
 * Code of fibers is what is marked, what calls switchpoints, what goes into a
 * marked pointer, and what these call in this file.  Work is only where it goes to
 * a pool of fibers.
 */
#include "tidy.h"

namespace gruvi {

namespace {

enum {
    always,
    descriptor,     /* only on one that came from socket, accept or pipe here */
    unless_flag,    /* not with a flag in an argument */
    unless_zero     /* not with 0 as an argument: a timeout */
};

struct Blocker {
    int when;
    const char *instead;
    unsigned argument = 0;      /* the flags, or the timeout */
    const char *flag = nullptr; /* its name, as it stands in the code */
};

const char *const sleep = "gruvi_sleep()";
const char *const lookup = "gruvi_getaddrinfo()";
const char *const process = "gruvi_process_spawn()";
const char *const work = "gruvi_blocking() with it as its work";
const char *const stream_read = "gruvi_stream_read()";
const char *const stream_write = "gruvi_stream_write()";

const std::map<std::string, Blocker> blockers = {
    {"sleep", {always, sleep}},
    {"usleep", {always, sleep}},
    {"nanosleep", {always, sleep}},
    {"clock_nanosleep", {always, sleep}},
    {"thrd_sleep", {always, sleep}},
    {"uv_sleep", {always, sleep}},
    {"pause", {always, "gruvi_signal_wait()"}},
    {"sigwait", {always, "gruvi_signal_wait()"}},
    {"sigwaitinfo", {always, "gruvi_signal_wait()"}},
    {"sigsuspend", {always, "gruvi_signal_wait()"}},
    {"getaddrinfo", {always, lookup}},
    {"gethostbyname", {always, lookup}},
    {"gethostbyname2", {always, lookup}},
    {"gethostbyname_r", {always, lookup}},
    {"gethostbyaddr", {always, lookup}},
    {"getnameinfo", {always, work}},
    {"res_query", {always, work}},
    {"res_search", {always, work}},
    {"system", {always, process}},
    {"popen", {always, process}},
    {"pclose", {always, "gruvi_process_wait()"}},
    {"wait", {always, "gruvi_process_wait()"}},
    {"waitpid", {unless_flag, "gruvi_process_wait()", 2, "WNOHANG"}},
    {"waitid", {unless_flag, "gruvi_process_wait()", 3, "WNOHANG"}},
    {"wait3", {unless_flag, "gruvi_process_wait()", 1, "WNOHANG"}},
    {"wait4", {unless_flag, "gruvi_process_wait()", 2, "WNOHANG"}},
    {"poll", {unless_zero, "gruvi_wait_fd()", 2}},
    {"ppoll", {always, "gruvi_wait_fd()"}},
    {"select", {always, "gruvi_wait_fd()"}},
    {"pselect", {always, "gruvi_wait_fd()"}},
    {"epoll_wait", {unless_zero, "gruvi_poll_add()", 3}},
    {"epoll_pwait", {unless_zero, "gruvi_poll_add()", 3}},
    {"uv_run", {always, "gruvi_hub_switch(): the hub runs the loop"}},
    {"flock", {unless_flag, work, 1, "LOCK_NB"}},
    {"fsync", {always, "gruvi_file_fsync()"}},
    {"fdatasync", {always, "gruvi_file_fdatasync()"}},
    {"sync", {always, work}},
    {"syncfs", {always, work}},
    {"pthread_join", {always, work}},
    {"thrd_join", {always, work}},
    {"uv_thread_join", {always, work}},
    {"pthread_cond_wait", {always, "gruvi_cond_wait()"}},
    {"pthread_cond_timedwait", {always, "gruvi_cond_wait()"}},
    {"cnd_wait", {always, "gruvi_cond_wait()"}},
    {"cnd_timedwait", {always, "gruvi_cond_wait()"}},
    {"uv_cond_wait", {always, "gruvi_cond_wait()"}},
    {"uv_cond_timedwait", {always, "gruvi_cond_wait()"}},
    {"sem_wait", {always, "gruvi_semaphore_acquire()"}},
    {"sem_timedwait", {always, "gruvi_semaphore_acquire()"}},
    {"uv_sem_wait", {always, "gruvi_semaphore_acquire()"}},
    {"uv_barrier_wait", {always, "gruvi_event_wait()"}},
    {"pthread_barrier_wait", {always, "gruvi_event_wait()"}},
    {"curl_easy_perform", {always, work}},
    {"curl_multi_poll", {unless_zero, "curl_multi_socket_action()", 3}},
    {"curl_multi_wait", {unless_zero, "curl_multi_socket_action()", 3}},
    {"PQexec", {always, "PQsendQuery() and gruvi_wait_fd()"}},
    {"PQexecParams", {always, "PQsendQueryParams() and gruvi_wait_fd()"}},
    {"PQconnectdb", {always, "PQconnectStart() and gruvi_wait_fd()"}},
    {"redisConnect", {always, "redisConnectNonBlock()"}},
    {"redisCommand", {always, "redisAsyncCommand()"}},
    {"mysql_query", {always, work}},
    {"mysql_real_connect", {always, work}},
    {"connect", {descriptor, "gruvi_connect()"}},
    {"accept", {descriptor, "gruvi_accept()"}},
    {"accept4", {descriptor, "gruvi_accept()"}},
    {"read", {descriptor, stream_read}},
    {"readv", {descriptor, stream_read}},
    {"recv", {descriptor, stream_read, 3, "MSG_DONTWAIT"}},
    {"recvfrom", {descriptor, "gruvi_udp_recv()", 3, "MSG_DONTWAIT"}},
    {"recvmsg", {descriptor, stream_read, 2, "MSG_DONTWAIT"}},
    {"write", {descriptor, stream_write}},
    {"writev", {descriptor, stream_write}},
    {"send", {descriptor, stream_write, 3, "MSG_DONTWAIT"}},
    {"sendto", {descriptor, "gruvi_udp_send()", 3, "MSG_DONTWAIT"}},
    {"sendmsg", {descriptor, stream_write, 2, "MSG_DONTWAIT"}},
};

/* The text of an expression, where a flag's name stands. */
bool
says(const Expr *e, const char *flag, const ASTContext &context)
{
    const SourceManager &sources = context.getSourceManager();
    CharSourceRange range = CharSourceRange::getTokenRange(
        sources.getExpansionLoc(e->getBeginLoc()),
        sources.getExpansionLoc(e->getEndLoc()));

    return Lexer::getSourceText(range, sources, context.getLangOpts())
               .find(flag) != llvm::StringRef::npos;
}

bool
is_zero(const Expr *e, const ASTContext &context)
{
    Expr::EvalResult value;

    return !e->isValueDependent() && e->EvaluateAsInt(value, context) &&
           value.Val.getInt() == 0;
}

/* The variables that hold descriptors that block: they came from socket, accept
 * or pipe in this body, and nothing here makes them other. */
std::set<const ValueDecl *>
blocking_descriptors(const Stmt *body, const ASTContext &context)
{
    std::set<const ValueDecl *> made, changed;
    auto keep = [&](const ValueDecl *to, const Expr *from) {
        const auto *call =
            from == nullptr ? nullptr
                            : dyn_cast<CallExpr>(from->IgnoreParenCasts());
        if (to == nullptr || call == nullptr)
            return;
        std::string name = called(call);
        if (name == "accept" ||
            (name == "socket" && !says(call, "SOCK_NONBLOCK", context)) ||
            (name == "accept4" && !says(call, "SOCK_NONBLOCK", context)))
            made.insert(to);
    };

    walk(body, [&](const Stmt *stmt) {
        if (const auto *declared = dyn_cast<DeclStmt>(stmt)) {
            for (const Decl *decl : declared->decls())
                if (const auto *var = dyn_cast<VarDecl>(decl))
                    keep(var, var->getInit());
        } else if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
            if (op->getOpcode() == BO_Assign)
                keep(named(op->getLHS()), op->getRHS());
        } else if (const auto *call = dyn_cast<CallExpr>(stmt)) {
            std::string name = called(call);
            if (call->getNumArgs() == 0)
                return true;
            const ValueDecl *first = named(call->getArg(0));
            if (name == "pipe" || name == "pipe2") {
                if (first != nullptr && !says(call, "O_NONBLOCK", context))
                    made.insert(first);
            } else if (first != nullptr &&
                       ((name == "fcntl" && says(call, "F_SETFL", context)) ||
                        name == "ioctl" || name == "gruvi_wait_fd"))
                changed.insert(first);
        }
        return true;
    });
    for (const ValueDecl *one : changed)
        made.erase(one);
    return made;
}

} /* namespace */

/* The functions that run in fibers or in the hub. */
static std::set<const FunctionDecl *>
code_of_fibers(const Unit &unit)
{
    std::set<const FunctionDecl *> all = unit.into({Sink::marked, Sink::fibers});
    std::set<const FunctionDecl *> work = unit.into({Sink::work, Sink::thread});
    std::vector<const FunctionDecl *> next;

    for (const Flow &flow : unit.flows)
        if (flow.function != nullptr && flow.in_hub)
            all.insert(one(flow.function));
    for (const FunctionDecl *function : unit.functions) {
        const Stmt *body = function->getBody();
        if (work.count(one(function)) == 0 &&
            (is_marked(function) ||
             !switches_in(body, registers_cleanup(body)).empty()))
            all.insert(one(function));
    }
    next.assign(all.begin(), all.end());
    while (!next.empty()) {
        const FunctionDecl *function = next.back();
        next.pop_back();
        if (!function->hasBody())
            continue;
        walk(function->getBody(), [&](const Stmt *stmt) {
            const auto *call = dyn_cast<CallExpr>(stmt);
            const FunctionDecl *callee =
                call == nullptr ? nullptr : call->getDirectCallee();
            if (callee != nullptr && callee->getDefinition() != nullptr &&
                all.insert(one(callee)).second)
                next.push_back(one(callee));
            return true;
        });
    }
    return all;
}

void
Blocking::look(ASTContext &context, const Unit &unit)
{
    std::set<const FunctionDecl *> fibers = code_of_fibers(unit);

    for (const FunctionDecl *function : unit.functions) {
        if (fibers.count(one(function)) == 0)
            continue;
        const Stmt *body = function->getBody();
        std::set<const ValueDecl *> open = blocking_descriptors(body, context);
        walk(body, [&](const Stmt *stmt) {
            const auto *call = dyn_cast<CallExpr>(stmt);
            if (call == nullptr)
                return true;
            auto found = blockers.find(called(call));
            if (found == blockers.end() ||
                call->getDirectCallee()->getDefinition() != nullptr)
                return true;
            const Blocker &blocker = found->second;
            const Expr *argument = blocker.argument < call->getNumArgs()
                                       ? call->getArg(blocker.argument)
                                       : nullptr;
            if (blocker.flag != nullptr && argument != nullptr &&
                says(argument, blocker.flag, context))
                return true;
            if (blocker.when == unless_zero && argument != nullptr &&
                is_zero(argument, context))
                return true;
            if (blocker.when == descriptor &&
                (call->getNumArgs() == 0 ||
                 open.count(named(call->getArg(0))) == 0))
                return true;
            diag(call->getBeginLoc(), "'%0' blocks all fibers of the hub; use %1")
                << found->first << blocker.instead;
            return true;
        });
    }
}

} /* namespace gruvi */
