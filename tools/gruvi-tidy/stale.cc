/* SPDX-License-Identifier: MIT */
/*
 * gruvi-stale: a condition reads X, a switchpoint follows, and X or what it
 * decided is used without reading X again.
 *
 *     if (balance >= amount) {
 *         err = gruvi_stream_write(...);      other fibers run
 *         balance -= amount;                  balance may be less by now
 *     }
 *
 * X is a scalar at file scope that this file writes, or what is marked
 * GRUVI_SHARED.  A use is a write, or to go to where X points; and only where the
 * condition decided whether it happens.  To write X before the switchpoint is to
 * claim it, and all is well then; so it is under a gruvi_lock that is held from
 * the condition to the use.
 *
 * The state of each X is followed through clang's graph of the function:
 *
 *     (nothing) --condition reads X--> tested --switchpoint--> stale --use--> !
 *
 * A local variable that was read of X stands for it, until X is written.
 */
#include "tidy.h"

#include <clang/Analysis/Analyses/Dominators.h>
#include <clang/Analysis/CFG.h>

namespace gruvi {

namespace {

/* How an expression names X: "count", "slots.used", "account->balance". */
using Key = std::string;

const Expr *
bare(const Expr *e)
{
    return e->IgnoreParenImpCasts();
}

struct Place {
    Key key;      /* "" if it is none that could be followed */
    bool global;  /* it begins with a variable at file scope */
    bool shared;  /* a mark */
};

Place
place_of(const Expr *e)
{
    e = bare(e);
    if (const auto *ref = dyn_cast<DeclRefExpr>(e)) {
        const auto *var = dyn_cast<VarDecl>(ref->getDecl());
        if (var == nullptr)
            return {"", false, false};
        return {var->getNameAsString(), var->hasGlobalStorage(),
                is_shared(var)};
    }
    if (const auto *member = dyn_cast<MemberExpr>(e)) {
        const Expr *of = bare(member->getBase());
        bool arrow = member->isArrow();
        /* "(&head)->first", as macros for lists say, is "head.first". */
        if (const auto *op = dyn_cast<UnaryOperator>(of))
            if (arrow && op->getOpcode() == UO_AddrOf) {
                of = op->getSubExpr();
                arrow = false;
            }
        Place base = isa<CXXThisExpr>(of) ? Place{"this", false, false}
                                          : place_of(of);
        if (base.key.empty())
            return base;
        return {base.key + (arrow ? "->" : ".") +
                    member->getMemberDecl()->getNameAsString(),
                base.global, base.shared || is_shared(member->getMemberDecl())};
    }
    if (const auto *op = dyn_cast<UnaryOperator>(e))
        if (op->getOpcode() == UO_Deref) {
            Place base = place_of(op->getSubExpr());
            if (!base.key.empty())
                base.key = "*" + base.key;
            return base;
        }
    return {"", false, false};
}

/* What has the member: "jobs" of "jobs.tqh_first"; "" where nothing has. */
Key
holder(const Key &key)
{
    size_t dot = key.rfind('.'), from = key[0] == '*' ? 1 : 0;

    return dot == Key::npos ? "" : key.substr(from, dot - from);
}

/* The keys at file scope that this file writes.  "*jobs.tqh_last = ..." is how a
 * list grows at its end: any member of jobs may be what it points to. */
std::set<Key>
written_in(const Unit &unit)
{
    std::set<Key> all;
    auto put = [&](const Expr *e) {
        Place place = place_of(e);
        if (!place.global || place.key.empty())
            return;
        all.insert(place.key);
        if (place.key[0] == '*' && !holder(place.key).empty())
            all.insert(holder(place.key));
    };

    for (const FunctionDecl *function : unit.functions) {
        if (function->isMain())
            continue;
        walk(function->getBody(), [&](const Stmt *stmt) {
            if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
                if (op->isAssignmentOp())
                    put(op->getLHS());
            } else if (const auto *unary = dyn_cast<UnaryOperator>(stmt)) {
                if (unary->isIncrementDecrementOp() ||
                    unary->getOpcode() == UO_AddrOf)
                    put(unary->getSubExpr());
            }
            return true;
        });
    }
    return all;
}

struct Test {
    bool stale = false;
    bool locked = false;  /* a lock is held since */
    bool waited = false;  /* stale by a wait for a condition */
    SourceLocation at, switched;

    bool operator==(const Test &other) const
    {
        return stale == other.stale && locked == other.locked &&
               waited == other.waited;
    }
};

/* What a local variable was read of. */
struct Copy {
    Key key;
    bool stale = false, locked = false;
    SourceLocation at, switched;

    bool operator==(const Copy &other) const
    {
        return key == other.key && stale == other.stale &&
               locked == other.locked;
    }
};

struct State {
    bool reached = false;
    int locks = 0;
    /* By the block whose end is the condition. */
    std::map<Key, std::map<unsigned, Test>> tests;
    std::map<const VarDecl *, std::map<Key, Copy>> copies;

    bool operator==(const State &other) const
    {
        return reached == other.reached && locks == other.locks &&
               tests == other.tests && copies == other.copies;
    }

    void join(const State &other)
    {
        if (!other.reached)
            return;
        if (!reached) {
            *this = other;
            return;
        }
        locks = std::min(locks, other.locks);
        for (const auto &key : other.tests)
            for (const auto &test : key.second) {
                auto &mine = tests[key.first];
                auto found = mine.find(test.first);
                if (found == mine.end() || (test.second.stale &&
                                            !found->second.stale))
                    mine[test.first] = test.second;
                else if (test.second.waited)
                    found->second.waited = true;
            }
        for (const auto &var : other.copies)
            for (const auto &copy : var.second) {
                auto &mine = copies[var.first];
                auto found = mine.find(copy.first);
                if (found == mine.end() ||
                    (copy.second.stale && !found->second.stale))
                    mine[copy.first] = copy.second;
            }
    }
};

struct Finding {
    SourceLocation at;
    Key key;
    SourceLocation tested, switched;
};

class Flowing {
  public:
    Flowing(const FunctionDecl *function, const std::set<Key> &written,
            ASTContext &context)
        : written(written)
    {
        CFG::BuildOptions options;

        options.setAllAlwaysAdd();
        cleanups = registers_cleanup(function->getBody());
        graph = CFG::buildCFG(function, function->getBody(), &context, options);
        if (graph == nullptr)
            return;
        after.buildDominatorTree(graph.get());
        run();
    }

    std::vector<Finding> findings;
    /* Switchpoints under a lock. */
    std::set<const Stmt *> locked;
    std::unique_ptr<CFG> graph;

    bool is_followed(const Expr *e, Key *key) const
    {
        Place place = place_of(e);

        *key = place.key;
        if (place.key.empty() || !bare(e)->getType()->isScalarType() ||
            bare(e)->getType()->isFunctionPointerType() ||
            bare(e)->getType().isConstQualified())
            return false;
        return place.shared ||
               (place.global && (written.count(place.key) != 0 ||
                                 written.count(holder(place.key)) != 0));
    }

  private:
    const std::set<Key> &written;
    bool cleanups, reporting = false;
    CFGPostDomTree after;
    const CFGBlock *current = nullptr;

    void run()
    {
        std::map<unsigned, State> out;
        bool changed = true;

        /* Backwards in numbers is forwards in the graph. */
        for (int round = 0; changed && round < 50; round++) {
            changed = false;
            for (auto it = graph->rbegin(); it != graph->rend(); ++it) {
                State state = through(*it, out);
                if (!(state == out[(*it)->getBlockID()])) {
                    out[(*it)->getBlockID()] = state;
                    changed = true;
                }
            }
        }
        reporting = true;
        for (auto it = graph->rbegin(); it != graph->rend(); ++it)
            (void)through(*it, out);
    }

    State through(const CFGBlock *block, std::map<unsigned, State> &out)
    {
        State state;

        current = block;
        if (block == &graph->getEntry())
            state.reached = true;
        for (const auto &from : block->preds())
            if (from.getReachableBlock() != nullptr)
                state.join(out[from->getBlockID()]);
        if (!state.reached)
            return state;
        for (const CFGElement &element : *block)
            if (auto stmt = element.getAs<CFGStmt>())
                step(stmt->getStmt(), &state);
        if (block->getTerminatorStmt() != nullptr && block->succ_size() > 1)
            if (const Stmt *condition = block->getTerminatorCondition())
                test(condition, &state);
        return state;
    }

    /* What is read in a condition begins anew. */
    void test(const Stmt *condition, State *state)
    {
        walk(condition, [&](const Stmt *stmt) {
            const auto *e = dyn_cast<Expr>(stmt);
            Key key;
            if (e == nullptr || (!isa<DeclRefExpr>(e) && !isa<MemberExpr>(e) &&
                                 !isa<UnaryOperator>(e)))
                return true;
            if (is_followed(e, &key)) {
                Test one;
                one.locked = state->locks > 0;
                one.at = e->getBeginLoc();
                state->tests[key].clear();
                state->tests[key][current->getBlockID()] = one;
            }
            /* "p->n" says nothing of p. */
            if (isa<MemberExpr>(e) && cast<MemberExpr>(e)->isArrow())
                return false;
            if (state->tests.count(key) != 0)
                return true;
            const auto *ref = dyn_cast<DeclRefExpr>(e);
            const auto *var =
                ref == nullptr ? nullptr : dyn_cast<VarDecl>(ref->getDecl());
            auto copies = state->copies.find(var);
            if (var == nullptr || copies == state->copies.end())
                return true;
            for (const auto &copy : copies->second) {
                Test one;
                one.stale = copy.second.stale;
                one.locked = copy.second.locked;
                one.at = copy.second.at;
                one.switched = copy.second.switched;
                state->tests[copy.first].clear();
                state->tests[copy.first][current->getBlockID()] = one;
            }
            return true;
        });
    }

    void step(const Stmt *stmt, State *state)
    {
        Switch found;

        if (const auto *call = dyn_cast<CallExpr>(stmt)) {
            pass(call, state);
            if (called(call) == "gruvi_lock_release")
                release(state);
        }
        if (!isa<DeclStmt>(stmt) && switches_itself(stmt, cleanups, &found)) {
            switched(stmt, found, state);
            return;
        }
        if (const auto *declared = dyn_cast<DeclStmt>(stmt)) {
            for (const Decl *decl : declared->decls()) {
                const auto *var = dyn_cast<VarDecl>(decl);
                if (var != nullptr && var->getInit() != nullptr)
                    copy(var, var->getInit(), state);
            }
        } else if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
            if (op->isAssignmentOp())
                assign(op, state);
        } else if (const auto *unary = dyn_cast<UnaryOperator>(stmt)) {
            Key key;
            if (unary->isIncrementDecrementOp() &&
                is_followed(unary->getSubExpr(), &key))
                write(unary, key, state);
            else if (unary->getOpcode() == UO_Deref)
                deref(unary->getSubExpr(), state);
        } else if (const auto *member = dyn_cast<MemberExpr>(stmt)) {
            if (member->isArrow())
                deref(member->getBase(), state);
        } else if (const auto *index = dyn_cast<ArraySubscriptExpr>(stmt)) {
            deref(index->getBase(), state);
        }
    }

    void switched(const Stmt *stmt, const Switch &found, State *state)
    {
        const auto *call = dyn_cast<CallExpr>(stmt);
        std::string name = call == nullptr ? "" : called(call);
        bool waits = has_prefix(name, "gruvi_cond_wait");

        if (state->locks > 0 && reporting)
            locked.insert(stmt);
        for (auto &key : state->tests)
            for (auto &test : key.second) {
                if (test.second.locked && !waits)
                    continue;
                if (!test.second.stale)
                    test.second.switched = found.at;
                test.second.stale = true;
                test.second.waited = test.second.waited || waits;
            }
        for (auto &var : state->copies)
            for (auto &copy : var.second) {
                if (copy.second.locked && !waits)
                    continue;
                if (!copy.second.stale)
                    copy.second.switched = found.at;
                copy.second.stale = true;
            }
        if (name == "gruvi_lock_acquire")
            state->locks++;
    }

    void release(State *state)
    {
        if (state->locks > 0)
            state->locks--;
        for (auto &key : state->tests)
            for (auto &test : key.second)
                test.second.locked = false;
        for (auto &var : state->copies)
            for (auto &copy : var.second)
                copy.second.locked = false;
    }

    /* What an expression reads that is followed. */
    std::set<Key> keys_in(const Expr *e) const
    {
        std::set<Key> all;

        walk(e, [&](const Stmt *stmt) {
            Key key;
            const auto *part = dyn_cast<Expr>(stmt);
            if (isa<CallExpr>(stmt))
                return false;
            if (part != nullptr &&
                (isa<DeclRefExpr>(part) || isa<MemberExpr>(part)) &&
                is_followed(part, &key))
                all.insert(key);
            const auto *member = dyn_cast<MemberExpr>(stmt);
            return member == nullptr || !member->isArrow();
        });
        return all;
    }

    void copy(const VarDecl *var, const Expr *from, State *state)
    {
        state->copies.erase(var);
        if (!var->hasLocalStorage() || !var->getType()->isScalarType())
            return;
        for (const Key &key : keys_in(from)) {
            Copy one;
            one.key = key;
            one.locked = state->locks > 0;
            one.at = from->getBeginLoc();
            state->copies[var][key] = one;
        }
    }

    void assign(const BinaryOperator *op, State *state)
    {
        Key key;

        if (is_followed(op->getLHS(), &key)) {
            if (op->getOpcode() == BO_Assign && lost_update(op, key, state))
                return;
            write(op, key, state);
            return;
        }
        const auto *ref = dyn_cast<DeclRefExpr>(bare(op->getLHS()));
        const auto *var =
            ref == nullptr ? nullptr : dyn_cast<VarDecl>(ref->getDecl());
        if (var != nullptr && op->getOpcode() == BO_Assign)
            copy(var, op->getRHS(), state);
    }

    /* X = f(what X was before the switchpoint) */
    bool lost_update(const BinaryOperator *op, const Key &key, State *state)
    {
        bool found = false;

        walk(op->getRHS(), [&](const Stmt *stmt) {
            const auto *ref = dyn_cast<DeclRefExpr>(stmt);
            const auto *var =
                ref == nullptr ? nullptr : dyn_cast<VarDecl>(ref->getDecl());
            auto copies = state->copies.find(var);
            if (isa<CallExpr>(stmt))
                return false;
            if (var == nullptr || copies == state->copies.end())
                return true;
            auto copy = copies->second.find(key);
            if (copy == copies->second.end() || !copy->second.stale || found)
                return true;
            report({op->getBeginLoc(), key, copy->second.at,
                    copy->second.switched});
            found = true;
            return true;
        });
        if (found)
            claim(key, state);
        return found;
    }

    static bool is_constant(const Expr *e)
    {
        e = e->IgnoreParenCasts();
        return isa<IntegerLiteral>(e) || isa<CXXBoolLiteralExpr>(e) ||
               isa<CXXNullPtrLiteralExpr>(e) || isa<GNUNullExpr>(e);
    }

    void write(const Expr *stmt, const Key &key, State *state)
    {
        const auto *op = dyn_cast<BinaryOperator>(stmt);
        bool constant = op != nullptr && op->getOpcode() == BO_Assign &&
                        is_constant(op->getRHS());

        use(stmt, key, constant, state);
        claim(key, state);
    }

    /* A write is the last word on X, and on what begins with it. */
    static void claim(const Key &key, State *state)
    {
        state->tests.erase(key);
        for (auto it = state->tests.begin(); it != state->tests.end();)
            if (has_prefix(it->first, key + "->") ||
                has_prefix(it->first, key + "."))
                it = state->tests.erase(it);
            else
                ++it;
        for (auto &var : state->copies)
            var.second.erase(key);
    }

    void deref(const Expr *base, State *state)
    {
        Key key;

        if (bare(base)->getType()->isPointerType() && is_followed(base, &key))
            use(base, key, false, state);
    }

    void pass(const CallExpr *call, State *state)
    {
        for (const Expr *arg : call->arguments())
            deref(arg, state);
    }

    /* Whether a condition decided that this block is reached. */
    bool decided(unsigned condition) const
    {
        if (current->getBlockID() == condition)
            return false;
        for (const CFGBlock *block : *graph)
            if (block->getBlockID() == condition)
                return !after.dominates(current, block);
        return false;
    }

    bool is_repeated(unsigned condition) const
    {
        std::set<unsigned> seen;
        std::vector<const CFGBlock *> next;

        for (const CFGBlock *block : *graph)
            if (block->getBlockID() == condition)
                next.push_back(block);
        while (!next.empty()) {
            const CFGBlock *block = next.back();
            next.pop_back();
            for (const auto &to : block->succs())
                if (to.getReachableBlock() != nullptr &&
                    seen.insert(to->getBlockID()).second)
                    next.push_back(to.getReachableBlock());
        }
        return seen.count(condition) != 0;
    }

    bool is_loop(unsigned condition) const
    {
        for (const CFGBlock *block : *graph)
            if (block->getBlockID() == condition) {
                const Stmt *end = block->getTerminatorStmt();
                return end != nullptr &&
                       (isa<WhileStmt>(end) || isa<ForStmt>(end) ||
                        isa<DoStmt>(end));
            }
        return false;
    }

    void use(const Expr *stmt, const Key &key, bool constant, State *state)
    {
        auto found = state->tests.find(key);

        if (found == state->tests.end())
            return;
        for (const auto &test : found->second) {
            if (!test.second.stale)
                continue;
            /* A loop's flag is cleared at any time. */
            if (constant && is_loop(test.first))
                continue;
            /* "while (nothing) wait" tests again, unless it ends otherwise. */
            if (test.second.waited ? is_repeated(test.first)
                                   : !decided(test.first))
                continue;
            report({stmt->getBeginLoc(), key, test.second.at,
                    test.second.switched});
            state->tests.erase(found);
            return;
        }
    }

    void report(const Finding &finding)
    {
        if (reporting)
            findings.push_back(finding);
    }
};

/* --- list cursors --------------------------------------------------------- */

/* Loops that go on by "p = p->next", or by a copy of that which was made before:
 * p came from a list that others have, and a switchpoint was in between. */
class Cursors {
  public:
    Cursors(const FunctionDecl *function, const Flowing &flowing)
        : flowing(flowing)
    {
        cleanups = registers_cleanup(function->getBody());
        begin(function->getBody());
        walk(function->getBody(), [&](const Stmt *stmt) {
            if (isa<ForStmt>(stmt) || isa<WhileStmt>(stmt) || isa<DoStmt>(stmt))
                loop(stmt);
            return true;
        });
    }

    struct Found {
        SourceLocation at, switched;
        std::string name;
    };
    std::vector<Found> found;

  private:
    const Flowing &flowing;
    bool cleanups;
    std::set<const ValueDecl *> cursors;

    /* Those that begin at a list that is shared. */
    void begin(const Stmt *body)
    {
        Key key;

        walk(body, [&](const Stmt *stmt) {
            if (const auto *declared = dyn_cast<DeclStmt>(stmt)) {
                for (const Decl *decl : declared->decls()) {
                    const auto *var = dyn_cast<VarDecl>(decl);
                    if (var != nullptr && var->hasLocalStorage() &&
                        var->getType()->isPointerType() &&
                        var->getInit() != nullptr &&
                        flowing.is_followed(var->getInit(), &key))
                        cursors.insert(var);
                }
            } else if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
                if (op->getOpcode() == BO_Assign &&
                    isa<DeclRefExpr>(bare(op->getLHS())) &&
                    op->getLHS()->getType()->isPointerType() &&
                    flowing.is_followed(op->getRHS(), &key))
                    cursors.insert(named(op->getLHS()));
            }
            return true;
        });
    }

    /* The variable of "var->member" and of "var->link.next". */
    static const ValueDecl *stepped(const Expr *e)
    {
        const auto *member = dyn_cast<MemberExpr>(e->IgnoreParenCasts());

        while (member != nullptr && !member->isArrow())
            member = dyn_cast<MemberExpr>(bare(member->getBase()));
        if (member == nullptr)
            return nullptr;
        const auto *ref = dyn_cast<DeclRefExpr>(bare(member->getBase()));
        return ref == nullptr ? nullptr : ref->getDecl();
    }

    void loop(const Stmt *loop)
    {
        std::map<const ValueDecl *, const ValueDecl *> saved; /* next -> p */
        auto save = [&](const ValueDecl *to, const Expr *from) {
            const ValueDecl *var = from == nullptr ? nullptr : stepped(from);
            const auto *local = dyn_cast_or_null<VarDecl>(to);
            if (var != nullptr && cursors.count(var) != 0 && var != to &&
                local != nullptr && local->hasLocalStorage())
                saved[to] = var;
        };

        walk(loop, [&](const Stmt *stmt) {
            if (const auto *declared = dyn_cast<DeclStmt>(stmt)) {
                for (const Decl *decl : declared->decls())
                    if (const auto *var = dyn_cast<VarDecl>(decl))
                        save(var, var->getInit());
            } else if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
                if (op->getOpcode() == BO_Assign)
                    save(named(op->getLHS()), op->getRHS());
            }
            return true;
        });
        walk(loop, [&](const Stmt *stmt) {
            const auto *op = dyn_cast<BinaryOperator>(stmt);
            if (op == nullptr || op->getOpcode() != BO_Assign)
                return true;
            const ValueDecl *cursor = named(op->getLHS());
            if (!isa<DeclRefExpr>(bare(op->getLHS())) ||
                cursors.count(cursor) == 0)
                return true;
            const ValueDecl *from = named(op->getRHS());
            auto next = saved.find(from);
            if (stepped(op->getRHS()) == cursor)
                advance(loop, op, cursor);
            else if (next != saved.end() && next->second == cursor)
                advance(loop, op, from);
            return true;
        });
    }

    /* Whether a switchpoint of the loop is followed by the step, without the
     * variable having been set anew. */
    void advance(const Stmt *loop, const BinaryOperator *step,
                 const ValueDecl *var)
    {
        std::set<const Stmt *> inside;

        walk(loop, [&](const Stmt *stmt) {
            inside.insert(stmt);
            return true;
        });
        for (const CFGBlock *block : *flowing.graph) {
            unsigned at = 0;
            for (const CFGElement &element : *block) {
                auto stmt = element.getAs<CFGStmt>();
                Switch one;
                at++;
                if (!stmt || inside.count(stmt->getStmt()) == 0 ||
                    isa<DeclStmt>(stmt->getStmt()) ||
                    flowing.locked.count(stmt->getStmt()) != 0 ||
                    !switches_itself(stmt->getStmt(), cleanups, &one))
                    continue;
                std::set<unsigned> seen;
                if (reaches(block, at, step, var, inside, &seen)) {
                    found.push_back({step->getBeginLoc(), one.at,
                                     var->getNameAsString()});
                    return;
                }
            }
        }
    }

    bool reaches(const CFGBlock *block, unsigned from,
                 const BinaryOperator *step, const ValueDecl *var,
                 const std::set<const Stmt *> &inside,
                 std::set<unsigned> *seen)
    {
        unsigned at = 0;

        for (const CFGElement &element : *block) {
            if (at++ < from)
                continue;
            auto stmt = element.getAs<CFGStmt>();
            if (!stmt)
                continue;
            if (stmt->getStmt() == step)
                return true;
            const auto *op = dyn_cast<BinaryOperator>(stmt->getStmt());
            if (op != nullptr && op->getOpcode() == BO_Assign &&
                named(op->getLHS()) == var &&
                isa<DeclRefExpr>(bare(op->getLHS())))
                return false;
        }
        for (const auto &next : block->succs()) {
            const CFGBlock *to = next.getReachableBlock();
            if (to != nullptr && seen->insert(to->getBlockID()).second &&
                reaches(to, 0, step, var, inside, seen))
                return true;
        }
        return false;
    }
};

} /* namespace */

void
Stale::look(ASTContext &context, const Unit &unit)
{
    std::set<Key> written = written_in(unit);

    for (const FunctionDecl *function : unit.functions) {
        const Stmt *body = function->getBody();
        if (switches_in(body, registers_cleanup(body)).empty())
            continue;
        Flowing flowing(function, written, context);
        if (flowing.graph == nullptr)
            continue;
        std::set<SourceLocation> seen;
        for (const Finding &finding : flowing.findings) {
            if (!seen.insert(finding.at).second)
                continue;
            diag(finding.at, "'%0' was read before a switchpoint, and is used "
                             "here as if it had not changed since")
                << finding.key;
            diag(finding.tested, "read here", DiagnosticIDs::Note);
            diag(finding.switched, "other fibers run here",
                 DiagnosticIDs::Note);
        }
        for (const auto &found : Cursors(function, flowing).found) {
            diag(found.at, "'%0' walks a list that other fibers have, and "
                           "was kept across a switchpoint")
                << found.name;
            diag(found.switched, "other fibers run here", DiagnosticIDs::Note);
        }
    }
}

} /* namespace gruvi */
