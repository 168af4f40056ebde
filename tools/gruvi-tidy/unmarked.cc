/* SPDX-License-Identifier: MIT */
/*
 * gruvi-unmarked: a function that calls a switchpoint and is not marked, or whose
 * declaration is not where its definition is.  Who calls such a function needs the
 * mark as well, so that all marks that are missing in a file are found at once.
 *
 * What must not switch is left to gruvi-no-switch: a mark would not mend it.  No
 * code calls main() or the function of a thread, so nobody reads their marks.
 */
#include "tidy.h"

namespace gruvi {

/* Behind "static" and the like, in front of the type. */
static SourceLocation
place_of_mark(const FunctionDecl *function, const ASTContext &context)
{
    static const std::set<std::string> before = {
        "static", "extern", "inline", "__inline", "GRUVI_API", "virtual"};
    const SourceManager &sources = context.getSourceManager();
    SourceLocation at = sources.getExpansionLoc(function->getBeginLoc());

    for (;;) {
        Token token;
        if (Lexer::getRawToken(at, token, sources, context.getLangOpts(), true) ||
            !token.is(tok::raw_identifier) ||
            before.count(token.getRawIdentifier().str()) == 0)
            return at;
        auto next = Lexer::findNextToken(at, sources, context.getLangOpts());
        if (!next)
            return at;
        at = next->getLocation();
    }
}

static bool
has_own_mark(const FunctionDecl *function)
{
    for (const auto *attr : function->specific_attrs<AnnotateAttr>())
        if (attr->getAnnotation() == "gruvi_switchpoint" && !attr->isInherited())
            return true;
    return false;
}

static bool
is_lambda(const FunctionDecl *function)
{
    const auto *method = dyn_cast<CXXMethodDecl>(function);

    return method != nullptr && method->getParent()->isLambda();
}

/* The first call in a body of a function that is to be marked. */
static bool
calls_one_of(const Stmt *body, const std::map<const FunctionDecl *, Switch> &all,
             Switch *found)
{
    bool any = false;

    walk(body, [&](const Stmt *stmt) {
        const auto *call = dyn_cast<CallExpr>(stmt);
        const FunctionDecl *callee =
            call == nullptr ? nullptr : call->getDirectCallee();
        if (!any && callee != nullptr && all.count(one(callee)) != 0) {
            *found = {call->getBeginLoc(), callee->getNameAsString(), call,
                      !callee->getReturnType()->isVoidType()};
            any = true;
        }
        return !any;
    });
    return any;
}

void
Unmarked::look(ASTContext &context, const Unit &unit)
{
    std::set<const FunctionDecl *> others =
        unit.into({Sink::no_switch, Sink::thread});
    std::set<const FunctionDecl *> fibers = unit.into({Sink::marked});

    std::map<const FunctionDecl *, Switch> missing;
    for (size_t before = 1; before != missing.size();) {
        before = missing.size();
        for (const FunctionDecl *function : unit.functions) {
            const Stmt *body = function->getBody();
            Switch first;
            if (is_marked(function) || missing.count(one(function)) != 0 ||
                function->isMain() || others.count(one(function)) != 0 ||
                (is_lambda(function) && fibers.count(one(function)) != 0))
                continue;
            std::vector<Switch> all = switches_in(body, registers_cleanup(body));
            if (!all.empty())
                missing[one(function)] = all[0];
            else if (calls_one_of(body, missing, &first))
                missing[one(function)] = first;
        }
    }
    for (const FunctionDecl *function : unit.functions) {
        if (is_marked(function)) {
            bool own = has_own_mark(function);
            for (const FunctionDecl *other : function->redecls()) {
                if (other == function || has_own_mark(other) == own ||
                    other->isImplicit())
                    continue;
                const FunctionDecl *bare = own ? other : function;
                diag(bare->getLocation(), "%select{definition|declaration}0 of "
                                          "%1 is not marked GRUVI_SWITCHPOINT, "
                                          "and its %select{declaration|"
                                          "definition}0 is")
                    << own << bare
                    << FixItHint::CreateInsertion(place_of_mark(bare, context),
                                                  "GRUVI_SWITCHPOINT ");
                if (!own)
                    break;
            }
            continue;
        }
        auto found = missing.find(one(function));
        if (found == missing.end())
            continue;
        {
            auto message = diag(function->getLocation(),
                                "%0 calls the switchpoint '%1' and is not "
                                "marked GRUVI_SWITCHPOINT")
                           << function << found->second.name;
            if (!is_lambda(function))
                for (const FunctionDecl *each : function->redecls())
                    message << FixItHint::CreateInsertion(
                        place_of_mark(each, context), "GRUVI_SWITCHPOINT ");
        }
        diag(found->second.at, "here", DiagnosticIDs::Note);
    }
}

} /* namespace gruvi */
