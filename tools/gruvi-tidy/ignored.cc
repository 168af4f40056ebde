/* SPDX-License-Identifier: MIT */
/*
 * gruvi-ignored: a cancel comes as the result of a switchpoint.  So a loop
 * without an end has to leave by such a result, and a result is not dropped
 * without a word.
 */
#include "tidy.h"

namespace gruvi {

namespace {

bool
is_always_true(const Expr *condition, const ASTContext &context)
{
    bool value;

    return condition == nullptr ||
           (!condition->isValueDependent() &&
            condition->EvaluateAsBooleanCondition(value, const_cast<ASTContext &>(context)) && value);
}

/* The variables that a switchpoint's result went to, by way of others too, and
 * those whose addresses it got. */
class Results {
  public:
    Results(const Stmt *body, bool cleanups) : cleanups(cleanups)
    {
        size_t before;
        do {
            before = vars.size();
            walk(body, [&](const Stmt *stmt) {
                keep(stmt);
                return true;
            });
        } while (vars.size() != before);
    }

    bool in(const Stmt *stmt) const
    {
        bool found = false;

        walk(stmt, [&](const Stmt *below) {
            Switch one;
            if (isa<CallExpr>(below) && switches_itself(below, cleanups, &one))
                found = true;
            const auto *e = dyn_cast<Expr>(below);
            if (e != nullptr && (isa<DeclRefExpr>(e) || isa<MemberExpr>(e)) &&
                vars.count(named(e)) != 0)
                found = true;
            return !found;
        });
        return found;
    }

  private:
    bool cleanups;
    std::set<const ValueDecl *> vars;

    void put(const ValueDecl *var)
    {
        if (var != nullptr)
            vars.insert(var);
    }

    void keep(const Stmt *stmt)
    {
        if (const auto *declared = dyn_cast<DeclStmt>(stmt)) {
            for (const Decl *decl : declared->decls()) {
                const auto *var = dyn_cast<VarDecl>(decl);
                if (var != nullptr && var->getInit() != nullptr &&
                    in(var->getInit()))
                    put(var);
            }
        } else if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
            if (op->isAssignmentOp() && in(op->getRHS()))
                put(named(op->getLHS()));
        } else if (const auto *branch = dyn_cast<IfStmt>(stmt)) {
            /* What a branch sets depends on what chose the branch. */
            if (in(branch->getCond())) {
                assigned(branch->getThen());
                if (branch->getElse() != nullptr)
                    assigned(branch->getElse());
            }
        } else if (const auto *call = dyn_cast<CallExpr>(stmt)) {
            Switch one;
            if (!switches_itself(call, cleanups, &one))
                return;
            for (const Expr *arg : call->arguments()) {
                const auto *address = dyn_cast<UnaryOperator>(arg->IgnoreParenCasts());
                if (address != nullptr && address->getOpcode() == UO_AddrOf)
                    put(root_of(address->getSubExpr()));
                else if (arg->IgnoreParenCasts()->getType()->isArrayType())
                    put(named(arg));
                else if (!arg->getType()->isFunctionPointerType() &&
                         arg->getType()->isPointerType() &&
                         !arg->getType()->getPointeeType().isConstQualified())
                    put_members(arg);
            }
        }
    }

    /* A switchpoint of one's own gets an object, and leaves its result there. */
    void put_members(const Expr *arg) { (void)arg; }

    void assigned(const Stmt *stmt)
    {
        walk(stmt, [&](const Stmt *below) {
            const auto *op = dyn_cast<BinaryOperator>(below);
            if (op != nullptr && op->isAssignmentOp())
                put(named(op->getLHS()));
            return true;
        });
    }
};

/* Whether a loop is left where a result says so. */
class Exits {
  public:
    Exits(const Results &results) : results(results) {}

    bool in_body(const Stmt *body) { return look(body, false, true, true); }

  private:
    const Results &results;

    /* decided: a result chose the way to here.  breaks, goes_on: a break here
     * leaves the loop. */
    bool look(const Stmt *stmt, bool decided, bool breaks, bool outer)
    {
        if (stmt == nullptr)
            return false;
        if (isa<ReturnStmt>(stmt) || isa<GotoStmt>(stmt) ||
            isa<CXXThrowExpr>(stmt))
            return decided || results.in(stmt);
        if (isa<BreakStmt>(stmt))
            return decided && breaks;
        if (const auto *call = dyn_cast<CallExpr>(stmt)) {
            const FunctionDecl *callee = call->getDirectCallee();
            if (callee != nullptr && callee->isNoReturn() && decided)
                return true;
        }
        if (const auto *branch = dyn_cast<IfStmt>(stmt)) {
            bool by = decided || results.in(branch->getCond());
            return look(branch->getThen(), by, breaks, outer) ||
                   look(branch->getElse(), by, breaks, outer);
        }
        if (const auto *choice = dyn_cast<SwitchStmt>(stmt))
            return look(choice->getBody(), decided || results.in(choice->getCond()),
                        false, outer);
        if (const auto *loop = dyn_cast<WhileStmt>(stmt))
            return look(loop->getBody(), decided || results.in(loop->getCond()),
                        false, outer);
        if (const auto *loop = dyn_cast<DoStmt>(stmt))
            return look(loop->getBody(), decided || results.in(loop->getCond()),
                        false, outer);
        if (const auto *loop = dyn_cast<ForStmt>(stmt)) {
            bool by = decided || (loop->getCond() != nullptr &&
                                  results.in(loop->getCond()));
            /* The blocks that our macros make are loops that run once. */
            bool block = loop->getBeginLoc().isMacroID();
            return look(loop->getInit(), decided, false, outer) ||
                   look(loop->getBody(), by, block && breaks, outer);
        }
        if (isa<LambdaExpr>(stmt))
            return false;
        /* After an exit of a statement that a result decided, all that follows
         * in a block is decided by it as well. */
        bool by = decided;
        for (const Stmt *child : stmt->children()) {
            if (look(child, by, breaks, outer))
                return true;
            if (isa<CompoundStmt>(stmt) && goes_away(child))
                by = true;
        }
        return false;
    }

    /* "if (result) continue;" */
    bool goes_away(const Stmt *stmt)
    {
        const auto *branch = dyn_cast_or_null<IfStmt>(stmt);
        bool found = false;

        if (branch == nullptr || !results.in(branch->getCond()))
            return false;
        walk(branch, [&](const Stmt *below) {
            if (isa<ContinueStmt>(below))
                found = true;
            return !found;
        });
        return found;
    }
};

} /* namespace */

void
Ignored::look(ASTContext &context, const Unit &unit)
{
    for (const FunctionDecl *function : unit.functions) {
        const Stmt *body = function->getBody();
        bool cleanups = registers_cleanup(body);
        if (switches_in(body, cleanups).empty())
            continue;
        Results results(body, cleanups);
        auto drop = [&](const Stmt *stmt) {
            Switch found;
            const auto *e = dyn_cast_or_null<Expr>(stmt);
            if (e == nullptr)
                return;
            e = e->IgnoreParens();
            if (const auto *whole = dyn_cast<ExprWithCleanups>(e))
                e = whole->getSubExpr()->IgnoreParens();
            if (isa<CallExpr>(e) && switches_itself(e, cleanups, &found) &&
                found.discardable)
                diag(found.at, "the result of the switchpoint '%0' is dropped: "
                               "a cancel is one; (void) says that it may be")
                    << found.name;
        };
        walk(body, [&](const Stmt *stmt) {
            const Stmt *inside = nullptr;
            bool endless = false;
            if (isa<CompoundStmt>(stmt) || isa<SwitchCase>(stmt) ||
                isa<LabelStmt>(stmt)) {
                for (const Stmt *child : stmt->children())
                    drop(child);
            } else if (const auto *branch = dyn_cast<IfStmt>(stmt)) {
                drop(branch->getThen());
                drop(branch->getElse());
            } else if (const auto *loop = dyn_cast<WhileStmt>(stmt)) {
                drop(inside = loop->getBody());
                endless = is_always_true(loop->getCond(), context);
            } else if (const auto *loop = dyn_cast<DoStmt>(stmt)) {
                drop(inside = loop->getBody());
                endless = is_always_true(loop->getCond(), context);
            } else if (const auto *loop = dyn_cast<ForStmt>(stmt)) {
                drop(loop->getInit());
                drop(loop->getInc());
                drop(inside = loop->getBody());
                endless = is_always_true(loop->getCond(), context);
            } else if (const auto *op = dyn_cast<BinaryOperator>(stmt)) {
                if (op->getOpcode() == BO_Comma)
                    drop(op->getLHS());
            }
            if (endless && !switches_in(inside, cleanups).empty() &&
                !Exits(results).in_body(inside))
                diag(stmt->getBeginLoc(),
                     "this loop has no exit that tests a switchpoint's result, "
                     "so that no cancel ends it");
            return true;
        });
    }
}

} /* namespace gruvi */
