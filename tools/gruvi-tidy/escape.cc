/* SPDX-License-Identifier: MIT */
/*
 * gruvi-escape: an address of the stack that goes to a fiber or a callback which
 * may outlive the frame, and a libuv handle on the stack that gruvi_uv_close()
 * does not close.
 *
 * The frame lives long enough where the fiber is joined by its handle, its group
 * or the block of a group, or where the function waits for something of its own
 * frame.  The frame of main() always does.
 */
#include "tidy.h"

namespace gruvi {

namespace {

/* Which argument is kept, and what lets it go in the same function. */
struct Keeper {
    unsigned argument;
    const char *what;
    std::set<std::string> ends;
};

const std::set<std::string> joins = {"gruvi_fiber_join", "gruvi_wait",
                                     "gruvi_hub_close"};

const std::map<std::string, Keeper> keepers = {
    {"gruvi_go", {1, "a fiber", {"gruvi_hub_close"}}},
    {"gruvi_spawn", {1, "a fiber", joins}},
    {"gruvi_spawn_ex", {1, "a fiber", joins}},
    {"gruvi_fiber_new", {1, "a fiber", joins}},
    {"gruvi_group_spawn",
     {2, "a fiber",
      {"gruvi_fiber_join", "gruvi_wait", "gruvi_hub_close",
       "gruvi_group_join"}}},
    {"gruvi_pool_submit",
     {2, "work",
      {"gruvi_future_result", "gruvi_wait", "gruvi_pool_join",
       "gruvi_pool_close"}}},
    {"gruvi_blocking_abandon", {1, "work", {}}},
    {"gruvi_hub_run_callback", {2, "a callback", {"gruvi_hub_switch"}}},
    {"gruvi_future_add_done_callback",
     {2,
      "a callback",
      {"gruvi_future_remove_done_callback", "gruvi_hub_switch"}}},
    {"gruvi_poll_add", {4, "a callback", {"gruvi_poll_remove"}}},
    {"gruvi_signal_set_callback",
     {2, "a callback", {"gruvi_signal_close", "gruvi_hub_switch"}}},
};

const std::set<std::string> waits = {
    "gruvi_event_wait",  "gruvi_semaphore_acquire", "gruvi_cond_wait",
    "gruvi_queue_get",   "gruvi_cond_wait_for",     "gruvi_queue_join",
    "gruvi_future_result", "gruvi_group_join",      "gruvi_wait"};

/* The variable of this frame whose address an expression is; or NULL. */
const VarDecl *
of_the_frame(const Expr *e)
{
    e = e->IgnoreParenCasts();
    if (const auto *address = dyn_cast<UnaryOperator>(e)) {
        if (address->getOpcode() != UO_AddrOf)
            return nullptr;
        e = address->getSubExpr();
    } else if (!e->getType()->isArrayType()) {
        return nullptr;
    }
    const VarDecl *var = root_of(e);
    if (var == nullptr || !var->hasLocalStorage() ||
        var->getType()->isReferenceType())
        return nullptr;
    return var;
}

bool
is_group_block(const Stmt *stmt)
{
    const auto *loop = dyn_cast<ForStmt>(stmt);
    const auto *init =
        loop == nullptr ? nullptr : dyn_cast_or_null<DeclStmt>(loop->getInit());

    if (init == nullptr)
        return false;
    for (const Decl *decl : init->decls())
        if (const auto *attr = decl->getAttr<CleanupAttr>())
            if (attr->getFunctionDecl()->getName() == "gruvi__with_group_exit")
                return true;
    return false;
}

class Frame {
  public:
    Frame(const FunctionDecl *function)
    {
        walk(function->getBody(), [&](const Stmt *stmt) {
            if (const auto *call = dyn_cast<CallExpr>(stmt))
                note(call);
            if (is_group_block(stmt))
                walk(cast<ForStmt>(stmt)->getBody(), [&](const Stmt *below) {
                    if (isa<CallExpr>(below))
                        in_groups.insert(below);
                    if (const auto *declared = dyn_cast<DeclStmt>(below))
                        for (const Decl *decl : declared->decls())
                            within.insert(decl);
                    return true;
                });
            return true;
        });
    }

    bool outlives(const CallExpr *call, const VarDecl *var,
                  const Keeper &keeper) const
    {
        if (in_groups.count(call) != 0 && within.count(var) == 0 &&
            keeper.what != std::string("a callback"))
            return true;
        for (const std::string &end : keeper.ends)
            if (names.count(end) != 0)
                return true;
        return waits_for_own && !keeper.ends.empty();
    }

    bool closed(const VarDecl *var) const { return ended.count(var) != 0; }
    bool runs_loop() const { return names.count("uv_run") != 0; }
    bool made(const VarDecl *var) const { return inits.count(var) != 0; }

  private:
    std::set<std::string> names;
    std::set<const Stmt *> in_groups;
    std::set<const Decl *> within;
    std::set<const VarDecl *> ended, inits;
    bool waits_for_own = false;

    void note(const CallExpr *call)
    {
        std::string name = called(call);

        names.insert(name);
        for (const Expr *arg : call->arguments()) {
            const VarDecl *var = of_the_frame(arg);
            if (var == nullptr)
                continue;
            if (waits.count(name) != 0)
                waits_for_own = true;
            if (name.size() > 5 && has_prefix(name, "uv_") &&
                name.compare(name.size() - 5, 5, "_init") == 0)
                inits.insert(var);
            else if (!has_prefix(name, "uv_"))
                ended.insert(var);
        }
    }
};

const std::set<std::string> handles = {
    "uv_async_s",   "uv_check_s",  "uv_fs_event_s", "uv_fs_poll_s",
    "uv_idle_s",    "uv_pipe_s",   "uv_poll_s",     "uv_prepare_s",
    "uv_process_s", "uv_signal_s", "uv_tcp_s",      "uv_timer_s",
    "uv_tty_s",     "uv_udp_s"};

bool
is_handle(const VarDecl *var)
{
    const RecordDecl *record = var->getType()->getAsRecordDecl();

    return record != nullptr && var->hasLocalStorage() &&
           !isa<ParmVarDecl>(var) &&
           handles.count(record->getName().str()) != 0 &&
           !var->hasAttr<CleanupAttr>();
}

} /* namespace */

void
Escape::look(ASTContext &, const Unit &unit)
{
    for (const FunctionDecl *function : unit.functions) {
        if (function->isMain())
            continue;
        Frame frame(function);
        walk(function->getBody(), [&](const Stmt *stmt) {
            if (const auto *declared = dyn_cast<DeclStmt>(stmt)) {
                for (const Decl *decl : declared->decls()) {
                    const auto *var = dyn_cast<VarDecl>(decl);
                    if (var != nullptr && is_handle(var) && frame.made(var) &&
                        !frame.closed(var) && !frame.runs_loop())
                        diag(var->getLocation(),
                             "the libuv handle '%0' is on the stack, and no "
                             "gruvi_uv_close() waits until libuv has left it")
                            << var->getName();
                }
                return true;
            }
            const auto *call = dyn_cast<CallExpr>(stmt);
            if (call == nullptr)
                return true;
            auto found = keepers.find(called(call));
            if (found == keepers.end() ||
                found->second.argument >= call->getNumArgs())
                return true;
            const Expr *arg = call->getArg(found->second.argument);
            const VarDecl *var = of_the_frame(arg);
            if (var != nullptr && !frame.outlives(call, var, found->second))
                diag(arg->getBeginLoc(), "the address of '%0' goes to %1, which "
                                         "may outlive the frame that it is in")
                    << var->getName() << found->second.what;
            return true;
        });
    }
}

} /* namespace gruvi */
